// Display names beside sign-in names, as far as this page knows them.
import { say } from "../../shared/words.js";

const names = new Map();

/** Learn {sign-in name: display name or nothing}. */
export function learn(all) {
  for (const [who, name] of Object.entries(all)) names.set(who, name);
}

export function called(who) {
  return names.get(who) ?? "";
}

/** Show the display name beside `bdi`, which has the sign-in name. */
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
