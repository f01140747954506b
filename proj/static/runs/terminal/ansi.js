// Terminal output as nodes: the browser's only knowledge of escape sequences. The rules are those of proj/text, which
// come with the page; tests/text/cases.json tests both.
import { state } from "../../shared/state.js";
import { Pen } from "./pen.js";

const { ansi: rules } = state;
const SEQUENCE = new RegExp(rules.sequence, "g");
const MOVEMENT = new RegExp(rules.movement);
const OTHER = new RegExp(rules.other);
const C1 = new RegExp(rules.c1, "g");
const HAS_C1 = new RegExp(rules.c1);
const CONTROL = new RegExp(rules.control, "g");
const TURNING = new RegExp(rules.turning, "g");
const LINK = new RegExp(`^(?:${rules.link})$`);

/** Whether `text` moves the cursor back, or erases. */
export const moves = (text) => text.includes("\r") || text.includes("\b") || MOVEMENT.test(text);

/** `text` without its sequences. */
export const plain = (text) => (text.includes("\x1b") ? text.replace(SEQUENCE, "") : text);

/** `text` with ESC and a letter for every sequence of C1. */
export function withoutC1(text) {
  if (!HAS_C1.test(text)) return text;
  return text.replace(C1, (char) => `\x1b${String.fromCharCode(char.charCodeAt(0) - rules.c1Offset)}`);
}

/** The sequence behind which text links to `address`, "" for none. */
export const link = (address) => `\x1b]8;;${LINK.test(address) ? address : ""}\x1b\\`;

/** `text` with colours and links, and no other sequences. */
export function onlyStyles(text) {
  if (!OTHER.test(text)) return text;
  return text.replace(SEQUENCE, (found, sgr, _numbers, _letter, address) => {
    if (sgr !== undefined) return found;
    return address === undefined ? "" : link(address);
  });
}

/** Apply one match of the pattern for sequences to the pen, if it is a colour or a link. */
export function turn(found, pen) {
  const address = found[4];
  if (found[1] !== undefined) pen.turn(found[1]);
  else if (address !== undefined) pen.link = LINK.test(address) ? address : "";
  else if (found[5] === "c") pen.reset();
}

/** The sequences that lead from plain text to the state of the pen. */
export const opening = (pen) => pen.sgr() + (pen.link && link(pen.link));

/** Apply the colours and links in `text` to the pen. */
export function follow(text, pen) {
  const end = Math.max(text.lastIndexOf("\x1b[0m"), text.lastIndexOf("\x1b[m"));
  let rest = text;
  if (end >= 0 && !text.includes("\x1b]8")) {
    pen.reset();
    rest = text.slice(end + 1);
  }
  if (rest.includes("\x1b")) for (const found of rest.matchAll(SEQUENCE)) turn(found, pen);
}

/** A settled line without control characters; characters that turn its direction become `\\u202e`. */
export function harmless(text) {
  return text.replace(CONTROL, "").replace(TURNING, (found) => `\\u${found.codePointAt(0).toString(16).padStart(4, "0")}`);
}

/** The harmless `text` as strings and coloured elements. */
export function pieces(text) {
  if (!text.includes("\x1b")) return [text];
  if (text.split("\x1b").length - 1 > rules.maxSequences) return [plain(text)];
  const pen = new Pen();
  const made = [];
  let end = 0;
  for (const found of text.matchAll(SEQUENCE)) {
    if (found.index > end) made.push(pen.written(text.slice(end, found.index)));
    end = found.index + found[0].length;
    turn(found, pen);
  }
  if (end < text.length) made.push(pen.written(text.slice(end)));
  return made;
}
