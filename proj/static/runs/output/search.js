// Searches the whole log on the server: the number of lines, and steps from one to the next.
import { say } from "../../shared/words.js";

const PAUSE_MS = 300; // after the last key

export class Search {
  #lines = []; // the numbers of the lines found
  #more = false;
  #at = -1;
  #wanted = "";
  #timer = 0;
  #asking = null;

  constructor({ form, list, marks, url }) {
    Object.assign(this, { form, list, marks, url });
    this.field = form.querySelector("input");
    this.words = form.querySelector(".found");
    form.hidden = false;
    this.field.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#ask(), PAUSE_MS);
    });
    this.field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.shiftKey) {
        event.preventDefault();
        this.#step(-1);
      }
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#step(1);
    });
    form.addEventListener("click", ({ target }) => {
      const verb = target.closest("button")?.dataset.do;
      if (verb) this.#step(verb === "next" ? 1 : -1);
    });
    list.addEventListener("drawn", () => this.#mark());
  }

  async #ask() {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    const wanted = this.field.value;
    [this.#wanted, this.#lines, this.#more, this.#at] = [wanted, [], false, -1];
    if (!wanted) {
      this.#show("");
      return;
    }
    this.#show(say("searching"));
    const asking = new AbortController();
    this.#asking = asking;
    const url = new URL(this.url, location.href);
    url.searchParams.set("q", wanted);
    try {
      const answer = await fetch(url, { signal: asking.signal });
      if (!answer.ok || answer.redirected) throw new Error(answer.statusText);
      const { lines, more } = await answer.json();
      [this.#lines, this.#more] = [lines, more];
    } catch {
      if (asking.signal.aborted) return; // a newer search began
      this.#wanted = "";
      this.#show(say("search-failed"));
      return;
    }
    // begin with the first line from the reader's place
    const here = this.#lines.findIndex((line) => line >= this.list.first);
    this.#go(Math.max(0, here));
  }

  #step(by) {
    if (this.field.value !== this.#wanted) this.#ask();
    else if (this.#lines.length) this.#go((this.#at + by + this.#lines.length) % this.#lines.length);
  }

  #go(at) {
    this.#at = at;
    const [n, all] = [at + 1, this.#lines.length].map((number) => number.toLocaleString(document.documentElement.lang));
    const values = { n, count: all };
    this.#show(this.#lines.length ? say(this.#more ? "found-more" : "found", values) : say("found-none"));
    if (this.#lines.length) this.marks.go(this.#lines[at]);
    this.list.draw();
  }

  #show(words) {
    this.words.textContent = words;
    for (const button of this.form.querySelectorAll("[data-do]")) button.disabled = !this.#lines.length;
    this.list.draw();
  }

  // Mark the line, and its text where the browser can do so without changing the page.
  #mark() {
    const [others, now] = [[], []];
    for (const line of this.list.shown) {
      const item = this.list.item(line);
      const hit = line === this.#lines[this.#at];
      item.classList.toggle("hit", hit);
      if (this.#wanted) (hit ? now : others).push(...found(item.querySelector(".said"), this.#wanted.toLowerCase()));
    }
    if (!globalThis.Highlight) return;
    CSS.highlights.set("found", new Highlight(...others));
    CSS.highlights.set("found-now", new Highlight(...now));
  }
}

function found(element, wanted) {
  const texts = [];
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) texts.push(walker.currentNode);
  const whole = texts.map((node) => node.data).join("").toLowerCase();
  const ranges = [];
  for (let at = whole.indexOf(wanted); at >= 0; at = whole.indexOf(wanted, at + wanted.length)) {
    const range = new Range();
    let before = 0;
    for (const node of texts) {
      const [start, end] = [at - before, at + wanted.length - before];
      if (start >= 0 && start < node.length) range.setStart(node, start);
      if (end > 0 && end <= node.length) range.setEnd(node, end);
      before += node.length;
    }
    ranges.push(range);
  }
  return ranges;
}
