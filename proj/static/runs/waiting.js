// The cause for which a queued run waits, with links, as templatetags/runs.py writes it.
import { say } from "../shared/words.js";

let shown = "";

/** Show the cause in `element`; `run` is a queued run's state. A link that has the focus stays while nothing changes. */
export function showWait(element, { name, waiting = { cause: "worker", place: 1, runs: [] } }) {
  const news = JSON.stringify(waiting);
  if (news === shown) return;
  shown = news;
  const { cause, place, runs } = waiting;
  const [before, after = ""] = say(`waits.${cause}${runs.length > 1 ? ".several" : ""}`, { n: place }).split("{runs}");
  element.replaceChildren(before, ...runs.flatMap((run, n) => [n ? ", " : "", link(name, run)]), after);
}

function link(name, { run, number }) {
  const found = document.createElement("a");
  found.href = `../${run}/`;
  const said = document.createElement("bdi");
  said.textContent = name;
  found.append(said, ` #${number}`);
  return found;
}
