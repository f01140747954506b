// One line as a terminal shows it: a row of cells, on which later text overwrites earlier text. The rules are those of
// proj/text/cells.py, and come with the page; tests/text/cases.json tests both.
import { state } from "../../shared/state.js";
import { follow, link, moves, onlyStyles, opening, turn, withoutC1 } from "./ansi.js";
import { Pen } from "./pen.js";

const { cells: rules, sequence } = state.ansi;
const SPECIAL = new RegExp(`${sequence}|([\\b\\r\\t])`, "g");
const CONTROL = new RegExp(rules.control, "g");
const IS_SPECIAL = new RegExp(rules.special);
const WIDE = new RegExp(`[${rules.wide.replaceAll("-", "}-\\u{").split(" ").map((range) => `\\u{${range}}`).join("")}]`, "u");
const JOINING = /[\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff]/u;
const ASCII = /^[\x20-\x7e]*$/;
const SOFT_HYPHEN = "\u00ad";

/** A line as a terminal shows it, with no sequences but colours and links; `pen` goes on to the next line. */
export function settled(text, pen = new Pen()) {
  if (!IS_SPECIAL.test(text)) return limited(text && pen.writesStyled ? opening(pen) + text : text);
  const line = withoutC1(text.endsWith("\r") ? text.replace(/\r+$/, "") : text);
  if (line.length > rules.maxCharacters || moves(line)) return filled(line, pen).text();
  const before = pen.writesStyled ? opening(pen) : "";
  follow(line, pen);
  return line && before + onlyStyles(line);
}

/** The settled `text` after `part` was written over it from `column` on, and the cursor's column then. */
export function writtenOver(text, column, part, pen) {
  const over = new Cells(new Pen());
  over.feed(text);
  Object.assign(over, { column, pen });
  over.feed(withoutC1(part).slice(0, rules.maxModel));
  return [over.text(), over.column];
}

const limited = (text) => (text.length <= rules.maxCharacters ? text : text.slice(0, rules.maxCharacters) + rules.cut);

function filled(text, pen) {
  const cells = new Cells(pen);
  cells.feed(text.length > rules.maxModel ? end(text, pen) : text);
  return cells;
}

// The last part of a long line, from a carriage return on, which a progress bar has; else its beginning.
function end(text, pen) {
  const begin = text.indexOf("\r", text.length - rules.maxModel);
  if (begin < 0) return text.slice(0, rules.maxModel);
  follow(text.slice(0, begin), pen);
  return text.slice(begin);
}

const widths = new Map();

function width(char) {
  if (!widths.has(char)) widths.set(char, JOINING.test(char) && char !== SOFT_HYPHEN ? 0 : WIDE.test(char) ? 2 : 1);
  return widths.get(char);
}

const PLAIN = { sgr: "", link: "" };

class Cells {
  column = 0;
  #chars = []; // the second cell of a wide character is empty
  #styles = []; // null where nothing was written
  #style = null; // of the pen; null when it has changed
  #saved = null;
  #wide = false; // whether there may be wide characters
  #away = false; // whether the cursor stands in another row, until it is restored
  #cut = false;

  constructor(pen) {
    this.pen = pen;
  }

  text() {
    const last = this.#styles.findLastIndex((style) => style !== null) + 1;
    let now = PLAIN;
    let written = "";
    for (let n = 0; n < last; n += 1) {
      const style = this.#styles[n] ?? PLAIN;
      if (style !== now) {
        if (style.sgr !== now.sgr) written += style.sgr || "\x1b[m";
        if (style.link !== now.link) written += link(style.link);
        now = style;
      }
      written += this.#chars[n];
    }
    return this.#cut ? written + rules.cut : written;
  }

  feed(text) {
    this.#style = null;
    let from = 0;
    for (const found of text.matchAll(SPECIAL)) {
      if (found.index > from) this.write(text.slice(from, found.index));
      from = found.index + found[0].length;
      this.act(found);
    }
    this.write(text.slice(from));
  }

  write(text) {
    const clean = text.replace(CONTROL, "");
    if (this.#away || !clean) return;
    this.#style ??= { sgr: this.pen.sgr(), link: this.pen.link };
    if (ASCII.test(clean)) {
      this.#put(clean);
      return;
    }
    for (const char of clean) {
      const cells = width(char);
      if (cells) {
        this.#wide ||= cells === 2;
        this.#put([char, ""].slice(0, cells));
      } else this.#join(char);
    }
  }

  #put(chars) {
    const begin = this.column;
    let after = begin + chars.length;
    if (after > rules.maxCharacters) {
      this.#cut = true;
      after = Math.max(begin, rules.maxCharacters);
      if (after > begin && this.#wide && begin + 1 === after) return; // half of a wide character, or a character behind one
    }
    while (this.#chars.length < begin) this.#push(" ", null);
    this.#split(begin, after);
    for (let n = begin; n < after; n += 1) [this.#chars[n], this.#styles[n]] = [chars[n - begin], this.#style];
    this.column = after;
  }

  #push(char, style) {
    this.#chars.push(char);
    this.#styles.push(style);
  }

  #join(mark) {
    let place = Math.min(this.column, this.#chars.length) - 1;
    while (place > 0 && !this.#chars[place]) place -= 1;
    if (place < 0) this.#put([mark]);
    else if ([...this.#chars[place]].length <= rules.maxMarks) this.#chars[place] += mark;
  }

  // Blank the other halves of wide characters at both ends of a part that is about to change.
  #split(begin, after) {
    if (!this.#wide) return;
    const chars = this.#chars;
    if (begin > 0 && begin < chars.length && !chars[begin]) chars[begin - 1] = chars[begin] = " ";
    if (after < chars.length && !chars[after]) chars[after] = " ";
  }

  act(found) {
    const [, sgr, numbers, letter, address, own, step] = found;
    if (step !== undefined) this.#step(step);
    else if (letter !== undefined) this.#move(letter, numbers);
    else if (sgr !== undefined || address !== undefined) {
      turn(found, this.pen);
      this.#style = null;
    } else if (own !== undefined) this.#private(own);
  }

  #step(char) {
    if (char === "\r") this.column = 0;
    else if (char === "\b") this.column = Math.max(0, this.column - 1);
    else this.#go(this.column + rules.tab - (this.column % rules.tab));
  }

  #go(to) {
    this.column = Math.max(0, Math.min(to, Math.max(this.#chars.length, rules.columns)));
  }

  #private(letter) {
    if (letter === "7") this.#saved = { column: this.column, pen: this.pen.copy() };
    else if (letter === "8") this.#restore();
    else if (letter === "E") this.column = 0;
    else if (letter === "c") {
      this.pen.reset();
      this.#style = null;
      this.#blank(0, this.#chars.length);
      this.column = 0;
    }
  }

  #restore() {
    if (this.#saved) {
      const { styles, foreground, background } = this.#saved.pen.copy();
      Object.assign(this.pen, { styles, foreground, background });
      this.column = this.#saved.column;
      this.#style = null;
    }
    this.#away = false;
  }

  #move(letter, parameters) {
    const numbers = parameters.split(";").map((number) => Number(number.slice(0, 5)));
    const count = numbers[0] || 1;
    if ("Ca".includes(letter)) this.#go(this.column + count);
    else if (letter === "D") this.#go(this.column - count);
    else if ("G`".includes(letter)) this.#go(count - 1);
    else if ("EF".includes(letter)) this.column = 0;
    else if ("Hf".includes(letter)) this.#place(numbers);
    else if (letter === "s") this.#private("7");
    else if (letter === "u") this.#restore();
    else if (!this.#away) this.#erase(letter, numbers[0], count);
  }

  // The row is not known here: text that stands in the way is kept.
  #place(numbers) {
    if (this.#saved && numbers.length > 1) {
      this.#away = true;
      return;
    }
    const [to, size] = [(numbers[1] || 1) - 1, this.#chars.length];
    this.#go(to >= size && to < rules.columns ? to : size && size + 1);
  }

  #erase(letter, form, count) {
    const [at, size] = [this.column, this.#chars.length];
    if ("JK".includes(letter)) {
      if (form === 0) this.#cutOff();
      else if (form === 1) this.#blank(0, at + 1);
      else if (form === 2) this.#blank(0, size);
    } else if (letter === "X") this.#blank(at, at + count);
    else if (letter === "P" && at < size) {
      this.#split(at, at + count);
      this.#chars.splice(at, count);
      this.#styles.splice(at, count);
    } else if (letter === "@" && at < size) {
      const room = Math.min(count, rules.maxCharacters);
      this.#split(at, at);
      this.#chars.splice(at, 0, ...Array(room).fill(" "));
      this.#styles.splice(at, 0, ...Array(room).fill(null));
      this.#chars.length = this.#styles.length = Math.min(this.#chars.length, rules.maxCharacters);
    }
  }

  #cutOff() {
    this.#split(this.column, this.#chars.length);
    this.#chars.length = this.#styles.length = Math.min(this.column, this.#chars.length);
    this.#cut = false;
  }

  #blank(begin, after) {
    if (after >= this.#chars.length) {
      this.#chars.length = this.#styles.length = Math.min(begin, this.#chars.length);
      this.#cut = false;
    } else if (begin < after) {
      this.#split(begin, after);
      this.#chars.fill(" ", begin, after);
      this.#styles.fill(null, begin, after);
    }
  }
}
