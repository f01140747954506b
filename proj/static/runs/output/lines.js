// The lines of the output as far as this page knows them: the end comes over the socket, the rest is asked for when it
// is to be seen. Tells "changed".
import { settled } from "./line.js";

const SIZE = 200; // lines that are asked for, and kept, together
const KEPT = 200; // such blocks; of more, those that were not seen for longest go
const SOON = 100; // ms between two looks at what is missing: whoever drags the scroll bar passes most of it
const AGAIN = 2_000; // ms until what failed is asked for again
const LONGEST = 64 * 1024; // characters that are kept of a line that does not end

export class Lines extends EventTarget {
  #blocks = new Map(); // number of the block -> texts; the one that was seen last is the last
  #asking = new Set();
  #timer = 0;
  #wanted = [1, 0];
  #open; // the line that goes on: its number, its text, and whether its beginning is known

  /** `tail`: the last lines; what comes next begins `offset` bytes into the output, with the last of them. */
  constructor({ tail, url }) {
    super();
    this.url = url;
    this.end = tail.offset; // bytes of the output that came, in order
    this.count = Math.max(0, tail.first + tail.lines.length - 1);
    for (const [n, text] of tail.lines.entries()) this.#set(tail.first + n, text);
    this.#open = { number: Math.max(1, this.count), text: "", whole: true };
  }

  text(line) {
    return this.#blocks.get(blockOf(line))?.[(line - 1) % SIZE];
  }

  /** What comes next begins at `offset`, in `line` (null: where we are). */
  begin(offset, line) {
    if (line === null || offset === this.end) return;
    this.end = offset;
    this.#open = { number: line, text: "", whole: offset === 0 };
    this.count = Math.max(this.count, line);
    this.#changed();
  }

  /** Take in a piece of output; says whether it follows what is here. One that came before changes nothing. */
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
    if (open.text && open.whole) this.#set(open.number, settled(open.text));
    this.count = Math.max(this.count, open.text ? open.number : open.number - 1);
    this.#trim();
    this.#changed();
    return true;
  }

  /** Lines `first` to `last` are to be seen: ask for those that are not here. */
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
    }, SOON);
  }

  // The first line of a block that is to be seen and not here.
  #missing(number, first, last) {
    const end = Math.min(last, this.count, (number + 1) * SIZE);
    for (let line = Math.max(first, number * SIZE + 1); line <= end; line += 1) if (this.text(line) === undefined) return line;
    return 0;
  }

  async #ask(number, missing) {
    if (this.#asking.has(number)) return;
    this.#asking.add(number);
    // all of the block, but what is there already at its beginning
    const first = this.text(missing - 1) === undefined ? number * SIZE + 1 : missing;
    const url = new URL(this.url, location.href);
    url.searchParams.set("from", first);
    url.searchParams.set("count", (number + 1) * SIZE - first + 1);
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(20_000) });
      if (!answer.ok || answer.redirected) throw new Error(answer.statusText);
      const { lines } = await answer.json();
      for (const [n, text] of lines.entries()) if (this.text(first + n) === undefined) this.#set(first + n, text);
      this.#trim();
    } catch {
      await new Promise((done) => setTimeout(done, AGAIN));
    }
    this.#asking.delete(number);
    this.#changed();
  }

  #close() {
    const { number, text, whole } = this.#open;
    if (whole) this.#set(number, settled(text));
    else delete this.#blocks.get(blockOf(number))?.[(number - 1) % SIZE]; // it may have been read before it was whole
  }

  #set(line, text) {
    const number = blockOf(line);
    if (!this.#blocks.has(number)) this.#blocks.set(number, []);
    this.#blocks.get(number)[(line - 1) % SIZE] = text;
  }

  #trim() {
    for (const number of this.#blocks.keys()) {
      if (this.#blocks.size <= KEPT) return;
      if (number !== blockOf(this.#open.number)) this.#blocks.delete(number);
    }
  }

  #changed() {
    this.dispatchEvent(new Event("changed"));
  }
}

const blockOf = (line) => Math.floor((line - 1) / SIZE);

// A progress bar may write over its line for hours: what was written over is not kept for ever.
function grown(text, part) {
  const whole = text + part;
  if (whole.length <= LONGEST) return whole;
  const turn = whole.replace(/\r+$/, "").lastIndexOf("\r");
  return turn < 0 ? whole.slice(0, LONGEST) : whole.slice(turn);
}
