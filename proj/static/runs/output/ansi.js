// Terminal output as nodes: the browser's only knowledge of escape sequences. The rules are those of proj/text/ansi.py,
// which come with the page; a test compares the two.

import { state } from "../../shared/state.js";

const { ansi: rules } = state;
const pattern = (source) => new RegExp(source, "g");
const SEQUENCE = pattern(rules.sequence);
const COLOUR = pattern(rules.colour);
const WHOLE_STRING = pattern(rules.wholeString);
const STRING_START = pattern(rules.stringStart);
const CONTROL = pattern(rules.control);
const TURNING = pattern(rules.turning);

/** The SGR sequences in `text`. */
export const colours = (text) => text.match(COLOUR) ?? [];

/** `text` without control characters and strings; characters that turn its direction become `\\u202e`. */
export function harmless(text) {
  const clean = text.replace(WHOLE_STRING, "").replace(STRING_START, "").replace(CONTROL, "");
  return clean.replace(TURNING, (found) => `\\u${found.codePointAt(0).toString(16).padStart(4, "0")}`);
}

/** The harmless `text` as strings and coloured elements. */
export function pieces(text) {
  if (!text.includes("\x1b")) return [text];
  if (text.split("\x1b").length - 1 > rules.maxSequences) return [text.replace(SEQUENCE, "")];
  const pen = new Pen();
  const made = [];
  let end = 0;
  for (const found of text.matchAll(SEQUENCE)) {
    made.push(pen.written(text.slice(end, found.index)));
    end = found.index + found[0].length;
    if (found[1] !== undefined) pen.turn(found[1].split(";").map(Number));
  }
  made.push(pen.written(text.slice(end)));
  return made.filter(Boolean);
}

// The styles and colours with which a terminal would write the next text.
class Pen {
  #styles = new Set();
  #foreground = null;
  #background = null;

  written(text) {
    const classes = [...this.#styles].map((style) => `ansi-${style}`).sort();
    if (this.#foreground !== null) classes.push(`ansi-ink-${this.#foreground}`);
    if (this.#background !== null) classes.push(`ansi-paper-${this.#background}`);
    if (!text || !classes.length) return text;
    const span = document.createElement("span");
    span.className = classes.join(" ");
    span.textContent = text;
    return span;
  }

  turn(codes) {
    const remaining = codes[Symbol.iterator]();
    for (const code of remaining) {
      if (code === 0) [this.#styles, this.#foreground, this.#background] = [new Set(), null, null];
      else if (code in rules.styles) this.#styles.add(rules.styles[code]);
      else if (code in rules.stylesOff) for (const style of rules.stylesOff[code]) this.#styles.delete(style);
      else if (code in rules.foreground) this.#foreground = rules.foreground[code];
      else if (code in rules.background) this.#background = rules.background[code];
      else if (code === rules.foregroundExtended) this.#foreground = extended(remaining);
      else if (code === rules.backgroundExtended) this.#background = extended(remaining);
    }
  }
}

// Take the numbers of an extended colour; the colour, when it is one of the sixteen.
function extended(remaining) {
  const next = () => remaining.next().value ?? 0;
  const form = next();
  const numbers = Array.from({ length: rules.extendedNumbers[form] ?? 0 }, next);
  return form === rules.palette && numbers[0] < rules.colours ? numbers[0] : null;
}
