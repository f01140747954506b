// What people are called beside the name that they sign in with, as far as this page has heard.
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

/** What to call `who` in a sentence, kept apart from its other words: a name may run from right to left. */
export function spoken(who) {
  return called(who) ? `\u2068${called(who)}\u2069` : who;
}
