// Why a run ended as it did, in this page's language: by its code, or the sentence that came where that says nothing here.
import { say } from "../rooms/words.js";

export function reason(why, sentence) {
  if (!why) return sentence;
  const key = `reason.${why.code}`;
  const words = say(key, why);
  return words === key ? sentence : words;
}
