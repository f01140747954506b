// A line of output as a person sees it, by the rules of proj/runs/output/rendering.py: nothing that it says can do anything here.
import { count, say } from "../../shared/words.js";

const LONGEST = 8_000; // characters of a line that are shown
const MANY = 2_000; // sequences in one line; with more it is shown without colours

const COLOUR = /\x1b\[[0-9;]{0,40}m/g;
const STRING = /\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)/g;
const LOOSE = /\x1b[\]PX^_]/g;
const CONTROL = /[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f]/g;
const TURNING = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const SEQUENCE = /\x1b(?:\[([0-9;]{0,40})m|\[[0-?]*[ -/]*[@-~]?|[@-Z\\^_a-z]|)/g;
const MARK = /^::(group|endgroup|progress)(?: (.*))?$/;

const STYLES = { 1: "bold", 2: "dim", 3: "italic", 4: "underline" };
const OFF = { 22: ["bold", "dim"], 23: ["italic"], 24: ["underline"] };

const part = document.getElementById("line-part").content.querySelector("li");
const fold = document.getElementById("fold-part").content.querySelector("button");

/** What remains of a line's text when its carriage returns are done. */
export function settled(text) {
  let line = text.replace(/\r+$/, "");
  const turn = line.lastIndexOf("\r");
  if (turn >= 0) line = (line.slice(0, turn).match(COLOUR) ?? []).slice(-50).join("") + line.slice(turn + 1);
  return line.length <= LONGEST ? line : `${line.slice(0, LONGEST)}…`;
}

/** The element that shows line `number`; without a text, that it is on its way. */
export function build(number, text) {
  const item = part.cloneNode(true);
  item.id = `L${number}`;
  const at = item.querySelector(".at");
  at.href = `#L${number}`;
  at.dataset.line = number;
  at.ariaLabel = say("line", { n: number });
  const said = item.querySelector(".said");
  const mark = MARK.exec(text ?? "");
  if (text === undefined) item.classList.add("unknown");
  else if (mark) {
    item.classList.add(mark[1]);
    said.append(clean(mark[2] ?? ""));
    if (mark[1] === "group") said.prepend(fold.cloneNode(true));
  } else said.append(...pieces(text));
  return item;
}

/** Show at a group's line that `hidden` lines of it are folded; 0: none. */
export function showFold(item, hidden) {
  const button = item.querySelector(".fold");
  if (!button) return;
  button.ariaExpanded = String(!hidden);
  button.ariaLabel = say(hidden ? "unfold" : "fold");
  item.dataset.folded = hidden ? count("folded", hidden) : "";
}

function clean(text) {
  const plain = text.replace(STRING, "").replace(LOOSE, "").replace(CONTROL, "");
  return plain.replace(TURNING, (found) => `\\u${found.codePointAt(0).toString(16).padStart(4, "0")}`);
}

function pieces(text) {
  const line = clean(text);
  if (!line.includes("\x1b")) return [line];
  if (line.split("\x1b").length - 1 > MANY) return [line.replace(SEQUENCE, "")];
  const pen = new Pen();
  const made = [];
  let end = 0;
  for (const found of line.matchAll(SEQUENCE)) {
    made.push(pen.written(line.slice(end, found.index)));
    end = found.index + found[0].length;
    if (found[1] !== undefined) pen.turn(found[1].split(";").map(Number));
  }
  made.push(pen.written(line.slice(end)));
  return made.filter(Boolean);
}

// How a terminal would write what comes next.
class Pen {
  #styles = new Set();
  #ink = null;
  #paper = null;

  written(text) {
    const classes = [...this.#styles].map((style) => `ansi-${style}`).sort();
    if (this.#ink !== null) classes.push(`ansi-ink-${this.#ink}`);
    if (this.#paper !== null) classes.push(`ansi-paper-${this.#paper}`);
    if (!text || !classes.length) return text;
    const span = document.createElement("span");
    span.className = classes.join(" ");
    span.textContent = text;
    return span;
  }

  turn(codes) {
    for (let n = 0; n < codes.length; n += 1) {
      const code = codes[n];
      if (code === 0) [this.#styles, this.#ink, this.#paper] = [new Set(), null, null];
      else if (code in STYLES) this.#styles.add(STYLES[code]);
      else if (code in OFF) for (const style of OFF[code]) this.#styles.delete(style);
      else if (code === 38 || code === 48) {
        const [form, number = 0] = [codes[n + 1] ?? 0, codes[n + 2]];
        const color = form === 5 && number < 16 ? number : null;
        if (code === 38) this.#ink = color;
        else this.#paper = color;
        n += { 5: 2, 2: 4 }[form] ?? 1;
      } else this.#colour(code);
    }
  }

  #colour(code) {
    if (code >= 30 && code < 38) this.#ink = code - 30;
    else if (code >= 90 && code < 98) this.#ink = code - 82;
    else if (code >= 40 && code < 48) this.#paper = code - 40;
    else if (code >= 100 && code < 108) this.#paper = code - 92;
    else if (code === 39) this.#ink = null;
    else if (code === 49) this.#paper = null;
  }
}
