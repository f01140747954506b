// What people are called beside the name that they sign in with, as far as this page has heard.
import { say } from "../../shared/words.js";

const names = new Map();

/** Learn {sign-in name: display name}; without a display name somebody has none. */
export function learn(all) {
  for (const [who, name] of Object.entries(all)) names.set(who, name);
}

/** The display name of `who`, or "". */
export function called(who) {
  return names.get(who) ?? "";
}

/** Show beside `bdi`, which has a sign-in name, what its person is called. */
export function call(bdi) {
  const name = called(bdi.textContent);
  if (!name) return;
  const beside = document.createElement("bdi");
  beside.className = "called";
  beside.textContent = name;
  bdi.before(beside, " ");
}

/** The name of `who` for a sentence: the display name, where there is one. */
export function spoken(who) {
  return called(who) ? say("isolated", { name: called(who) }) : who;
}
