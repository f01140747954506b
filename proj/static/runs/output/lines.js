// The lines of the output that this page has: the end comes over the socket, the rest is loaded when it is to be shown.
// Dispatches "changed".
import { Screen } from "../terminal/screen.js";

const BLOCK_LINES = 200; // lines that are loaded, and kept, together
const MAX_BLOCKS = 200; // beyond, the block that was not shown for longest is dropped
const CHECK_MS = 100; // between two checks for missing lines: a dragged scroll bar passes most of them
const RETRY_MS = 2_000; // until a failed request is repeated
const MAX_CHARACTERS = 64 * 1024; // of a line that does not end

export class Lines extends EventTarget {
  #blocks = new Map(); // number of the block -> texts; the last shown one is the last
  #asking = new Set();
  #timer = 0;
  #wanted = [1, 0];
  #screen; // before the open line
  #show = (line, text) => this.#set(line, text);
  heights = new Map(); // lines that are hidden now (true), or shown again (false); List empties it
  #open; // the line that is not complete: its number, its text, and whether its beginning is known

  /** `tail`: the last lines; the next output begins `offset` bytes into the output, with the last of them. */
  constructor({ tail, url }) {
    super();
    this.url = url;
    this.end = tail.offset; // bytes of the output that are here, in order
    this.count = Math.max(0, tail.first + tail.lines.length - 1);
    for (const [n, text] of tail.lines.entries()) this.#set(tail.first + n, text);
    this.#open = { number: Math.max(1, this.count), text: "", whole: true };
    this.#screen = new Screen(tail);
  }

  text(line) {
    return this.#blocks.get(blockOf(line))?.[(line - 1) % BLOCK_LINES];
  }

  /** The next output begins at `offset`, in `line` (null: at the end of this page's output). */
  begin(offset, line) {
    if (line === null || offset === this.end) return;
    this.end = offset;
    this.#open = { number: line, text: "", whole: offset === 0 };
    this.#screen = new Screen();
    this.count = Math.max(this.count, line);
    this.#changed();
  }

  /** Take in a piece of output. Return whether it follows the output that is here. A repeated piece changes nothing. */
  append({ offset, end, text }) {
    if (end <= this.end) return true;
    if (offset !== this.end) return false;
    this.end = end;
    const open = this.#open;
    const parts = text.split("\n");
    parts.forEach((part, n) => {
      if (n) {
        this.#close();
        Object.assign(open, { number: open.number + 1, text: "", whole: true });
      }
      open.text = grown(open.text, part);
    });
    if (open.text && open.whole) this.#screen.open(open.number, open.text, this.#show);
    this.count = Math.max(this.count, open.text ? open.number : open.number - 1);
    this.#trim();
    this.#changed();
    return true;
  }

  /** Lines `first` to `last` are to be shown: load the missing ones. */
  want(first, last) {
    this.#wanted = [first, last];
    this.#timer ||= setTimeout(() => {
      this.#timer = 0;
      [first, last] = this.#wanted;
      for (let number = blockOf(first); number <= blockOf(last); number += 1) {
        const block = this.#blocks.get(number);
        if (block) {
          this.#blocks.delete(number);
          this.#blocks.set(number, block);
        }
        const missing = this.#missing(number, first, last);
        if (missing) this.#ask(number, missing);
      }
    }, CHECK_MS);
  }

  // The first missing line of a block among the lines to be shown.
  #missing(number, first, last) {
    const end = Math.min(last, this.count, (number + 1) * BLOCK_LINES);
    for (let line = Math.max(first, number * BLOCK_LINES + 1); line <= end; line += 1) if (this.text(line) === undefined) return line;
    return 0;
  }

  async #ask(number, missing) {
    if (this.#asking.has(number)) return;
    this.#asking.add(number);
    // the whole block, without the lines that are here at its beginning
    const first = this.text(missing - 1) === undefined ? number * BLOCK_LINES + 1 : missing;
    const url = new URL(this.url, location.href);
    url.searchParams.set("from", first);
    url.searchParams.set("count", (number + 1) * BLOCK_LINES - first + 1);
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(20_000) });
      if (!answer.ok || answer.redirected) throw new Error(answer.statusText);
      const { lines } = await answer.json();
      for (const [n, text] of lines.entries()) if (this.text(first + n) === undefined) this.#set(first + n, text);
      this.#trim();
    } catch {
      await new Promise((done) => setTimeout(done, RETRY_MS));
    }
    this.#asking.delete(number);
    this.#changed();
  }

  #close() {
    const { number, text, whole } = this.#open;
    if (whole) this.#screen.line(number, text, this.#show);
    else delete this.#blocks.get(blockOf(number))?.[(number - 1) % BLOCK_LINES]; // it may have been loaded before it was complete
  }

  // `text` is null where later output was written over the line.
  #set(line, text) {
    const [number, place] = [blockOf(line), (line - 1) % BLOCK_LINES];
    if (!this.#blocks.has(number)) this.#blocks.set(number, []);
    const block = this.#blocks.get(number);
    if (text === null || block[place] === null) this.heights.set(line, text === null);
    block[place] = text;
  }

  #trim() {
    for (const number of this.#blocks.keys()) {
      if (this.#blocks.size <= MAX_BLOCKS) return;
      if (number !== blockOf(this.#open.number)) this.#blocks.delete(number);
    }
  }

  #changed() {
    this.dispatchEvent(new Event("changed"));
  }
}

const blockOf = (line) => Math.floor((line - 1) / BLOCK_LINES);

// A progress bar may overwrite its line for hours: overwritten text is dropped.
function grown(text, part) {
  const whole = text + part;
  if (whole.length <= MAX_CHARACTERS) return whole;
  const turn = whole.replace(/\r+$/, "").lastIndexOf("\r");
  return turn < 0 ? whole.slice(0, MAX_CHARACTERS) : whole.slice(turn);
}
