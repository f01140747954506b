// A line of output as a person sees it. The rules are those of proj/runs/output/rendering.py, and come with the page.
import { state } from "../../shared/state.js";
import { count, say } from "../../shared/words.js";
import { harmless, pieces, plain } from "../terminal/ansi.js";

const { line: rules } = state;
const MARK = new RegExp(`^(?:${rules.mark})$`, "s");

const part = document.getElementById("line-part").content.querySelector("li");
const fold = document.getElementById("fold-part").content.querySelector("button");

/** The element that shows line `number`; without a text, that it is being loaded. */
export function build(number, text) {
  const item = part.cloneNode(true);
  item.id = `L${number}`;
  const at = item.querySelector(".at");
  at.href = `#L${number}`;
  at.dataset.line = number;
  at.ariaLabel = say("line", { n: number });
  const said = item.querySelector(".said");
  const mark = text?.includes("::") ? MARK.exec(plain(text)) : null;
  if (text === undefined || text === null) item.classList.add("unknown");
  else if (mark) {
    item.classList.add(mark[1]);
    said.append(harmless(mark[2] ?? ""));
    if (mark[1] === "group") said.prepend(fold.cloneNode(true));
  } else said.append(...pieces(harmless(text)));
  return item;
}

/** Show at a group's line that `hidden` of its lines are folded; 0: none. */
export function showFold(item, hidden) {
  const button = item.querySelector(".fold");
  if (!button) return;
  button.ariaExpanded = String(!hidden);
  button.ariaLabel = say(hidden ? "unfold" : "fold");
  item.dataset.folded = hidden ? count("folded", hidden) : "";
}
