// Lines of output as rows of a terminal's screen: the cursor may go up and write over earlier lines. The rules are those
// of proj/text/screen.py, and come with the page; tests/text/screens.json tests both.
import { state } from "../../shared/state.js";
import { follow, plain } from "./ansi.js";
import { settled, writtenOver } from "./cells.js";
import { Pen } from "./pen.js";

const rules = { ...state.ansi.screen, maxCharacters: state.ansi.cells.maxCharacters };
const VERTICAL = new RegExp(rules.vertical, "g");
const UPWARD = new RegExp(rules.upward);
const ERASING = new RegExp(rules.erasing);
const UNKNOWN = -1; // the number of a row that an earlier line made, which is not known here

const goesUp = (text) => text.includes("\x1b") && UPWARD.test(text);

export class Screen {
  #rows;
  #at; // the cursor's row; behind the last one the next line makes a row
  #hidden = [];
  #pen = new Pen();
  #column = 0;
  #wrote = false; // whether the line has written on the cursor's row
  #redrawn = 0; // characters

  /** `pen`: the sequences that lead to the pen; `rows`: the last rows, each a number and a text; `at`: the cursor's. */
  constructor({ pen = "", rows = [], at = rows.length, whole = false } = {}) {
    follow(pen, this.#pen);
    this.#rows = rows.map(([number, text]) => ({ number, text }));
    this.#at = at;
    this.whole = whole; // whether the first row is the first of the output
  }

  /** Write a line. `show` is called with each changed line's number and text, null for a line that is not shown any more. */
  line(number, text, show) {
    if (this.#isPlain(text)) {
      const line = settled(text, this.#pen);
      this.#add({ number, text: line });
      show(number, line);
      return;
    }
    if (this.#at === this.#rows.length) this.#rows.push({ number: 0, text: "" });
    [this.#column, this.#wrote] = [0, false];
    let end = 0;
    for (const found of text.matchAll(VERTICAL)) {
      this.#write(text.slice(end, found.index));
      end = found.index + found[0].length;
      this.#move(found[2] ?? found[3], Number(found[1] ?? 0));
    }
    this.#write(text.slice(end));
    this.#own(this.#rows[this.#at], number);
    this.#at += 1;
    this.#show(show);
    this.#trim();
  }

  /** As line(), for a line that may be longer later. */
  open(number, text, show) {
    if (this.#isPlain(text)) {
      show(number, settled(text, this.#pen.copy()));
      return;
    }
    const copy = new Screen({ rows: this.#rows.map((row) => [row.number, row.text]), at: this.#at, whole: this.whole });
    copy.#pen = this.#pen.copy();
    copy.#hidden = [...this.#hidden];
    copy.line(number, text, show);
  }

  #isPlain(text) {
    return this.#at === this.#rows.length && (!goesUp(text) || this.#redrawn > rules.maxRedrawn);
  }

  #add(row) {
    this.#rows.push(row);
    this.#at = this.#rows.length;
    if (this.#trim()) [this.#hidden, this.#redrawn] = [[], 0];
  }

  // Forget rows above the reach of the cursor, and hidden lines whose numbers no row will need. Return whether rows went.
  #trim() {
    if (this.#hidden.length > 4 * rules.rows) this.#hidden = this.#hidden.sort((a, b) => a - b).slice(-2 * rules.rows);
    if (this.#rows.length <= 2 * rules.rows) return false;
    const numbered = this.#rows.filter((row) => row.number > 0);
    const numbers = numbered.map((row) => row.number).sort((a, b) => a - b);
    for (const [n, row] of numbered.entries()) row.number = numbers[n]; // under which it is shown
    this.#rows.splice(0, rules.rows);
    this.#at -= rules.rows;
    this.whole = true; // the cursor does not go farther up
    return true;
  }

  #show(show) {
    let end = this.#rows.length;
    while (end > this.#at && !this.#rows[end - 1].text) end -= 1; // erased rows below the cursor
    const erased = this.#rows.slice(end).map((row) => row.number);
    const hidden = [...this.#hidden, ...erased.filter((number) => number > 0)];
    let rows = this.#rows.slice(0, end).filter((row) => row.number > 0 || (row.number === 0 && row.text));
    const numbers = rows.map((row) => row.number).filter(Boolean);
    const spare = [...hidden].sort((a, b) => a - b);
    while (spare.length && numbers.length < rows.length) numbers.push(spare.pop());
    if (numbers.length < rows.length) rows = rows.filter((row) => row.number);
    numbers.sort((a, b) => a - b);
    for (const number of hidden) show(number, null);
    for (const [n, row] of rows.entries()) show(numbers[n], row.text);
  }

  #write(part) {
    if (!part) return;
    const row = this.#rows[this.#at];
    this.#redrawn += row.text.length + part.length;
    if (this.#redrawn > rules.maxRedrawn) {
      row.text = (row.text + plain(part)).slice(0, rules.maxCharacters);
      return;
    }
    [row.text, this.#column] = writtenOver(row.text, this.#column, part, this.#pen);
    this.#wrote ||= /[^\r\b]/.test(plain(part)) || ERASING.test(part);
  }

  #move(letter, number) {
    if (letter === "J") {
      this.#eraseBelow(number);
      return;
    }
    const by = (number || 1) * ("AFM".includes(letter) ? -1 : 1);
    [this.#at, this.#wrote] = [Math.min(this.#at + by, this.#rows.length - 1), false];
    if ("EF".includes(letter)) this.#column = 0;
    if (this.#at < 0 && !this.whole) {
      const above = Math.min(-this.#at, Math.max(0, rules.rows - this.#rows.length));
      this.#rows.unshift(...Array.from({ length: above }, () => ({ number: UNKNOWN, text: "" })));
      this.#at += above;
    }
    this.#at = Math.max(this.#at, 0, this.#rows.length - rules.rows);
  }

  #eraseBelow(form) {
    this.#write(`\x1b[${form}K`);
    if (form) return;
    const below = this.#rows.splice(this.#at + 1).map((row) => row.number);
    this.#hidden.push(...below.filter((number) => number > 0));
  }

  // Give the row to the line that ends in it, if the line wrote there.
  #own(row, number) {
    if (row.number > 0) this.#hidden.push(this.#wrote ? row.number : number);
    if (row.number <= 0 || this.#wrote) row.number = number;
  }
}
