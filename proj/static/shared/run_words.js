// A run's duration and the reason of its end, in words.
import { say } from "./words.js";

/** `seconds` in words, as templatetags/runs.py writes them. */
export function duration(seconds) {
  const whole = Math.floor(seconds);
  const parts = { hours: Math.floor(whole / 3_600), minutes: Math.floor(whole / 60) % 60, seconds: whole % 60 };
  if (parts.hours) return say("duration.hours", parts);
  return say(parts.minutes ? "duration.minutes" : "duration.seconds", parts);
}

/** Why a run ended, in this page's language: by the code in `why`, or `sentence` where the page has no words for it. */
export function reason(why, sentence) {
  if (!why) return sentence;
  const key = `reason.${why.code}`;
  const words = say(key, why);
  return words === key ? sentence : words;
}
