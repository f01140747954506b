// Shows the lines in view, and no others. Follows the end unless the reader has scrolled up.
// Dispatches "drawn" when other lines, or changed ones, are shown.
import { count, say } from "../../shared/words.js";
import { build, showFold } from "./line.js";

const EXTRA_LINES = 20; // lines that are built above and below the visible ones
const MAX_PRINTED = 5_000; // lines on paper, before and after those in view; of those that are here
const MAX_PASSES = 5; // in which wrapped lines are placed, until their heights are known
const MAX_HEIGHT_PX = 15_000_000; // browsers lay out nothing that is much higher

export class List extends EventTarget {
  #rows = new Map(); // number -> {item, text}
  #drawing = false;
  #printing = false;
  #set = -1; // the scroll position that this module set
  #known = 0; // number of lines when the end was last in view
  following = true;
  live = true; // whether more may come
  wrapped = false;

  constructor({ scroller, extent, list, button, lines, heights }) {
    super();
    Object.assign(this, { scroller, extent, list, button, lines, heights });
    this.#known = lines.count;
    list.replaceChildren();
    scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    scroller.addEventListener("keydown", (event) => {
      if (event.key !== "End") return;
      event.preventDefault(); // a browser would scroll to the end of a moment ago
      this.toEnd();
    });
    button.addEventListener("click", () => {
      this.toEnd();
      scroller.focus();
    });
    lines.addEventListener("changed", () => this.draw());
    addEventListener("beforeprint", () => {
      this.#printing = true;
      this.#place();
    });
    addEventListener("afterprint", () => {
      this.#printing = false;
      this.draw();
    });
    new ResizeObserver(() => this.draw()).observe(scroller);
    let width = 0;
    new ResizeObserver(([{ contentRect }]) => {
      if (this.wrapped && contentRect.width !== width) this.#measureAnew();
      width = contentRect.width;
    }).observe(scroller);
  }

  get wrap() {
    return this.wrapped;
  }

  set wrap(wrapped) {
    this.wrapped = wrapped;
    this.list.classList.toggle("wrapped", wrapped);
    this.#measureAnew();
  }

  toEnd() {
    this.following = true;
    this.draw();
  }

  /** Scroll `line` to the middle, unless it is well in view. */
  show(line) {
    const top = this.heights.top(line);
    const { clientHeight } = this.scroller;
    const margin = Math.min(3 * this.heights.base, clientHeight / 4);
    if (top >= this.#y + margin && top + this.heights.of(line) <= this.#y + clientHeight - margin) return;
    this.following = false;
    this.#moveTo(top - clientHeight / 2);
    this.draw();
  }

  /** The first visible line. */
  get first() {
    return this.heights.at(this.#y);
  }

  item(line) {
    return this.#rows.get(line)?.item;
  }

  get shown() {
    return this.#rows.keys();
  }

  /** Draw soon. */
  draw() {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      this.#draw();
    });
  }

  // Above the height that browsers can lay out, one pixel stands for several.
  get #scale() {
    const { clientHeight } = this.scroller;
    const { total } = this.heights;
    return total <= MAX_HEIGHT_PX ? 1 : (total - clientHeight) / (MAX_HEIGHT_PX - clientHeight);
  }

  get #y() {
    return this.scroller.scrollTop * this.#scale;
  }

  #moveTo(y) {
    this.extent.style.height = `${Math.min(this.heights.total, MAX_HEIGHT_PX)}px`;
    this.scroller.scrollTop = Math.max(0, y) / this.#scale;
  }

  #draw() {
    this.heights.count = this.lines.count;
    for (const [line, hidden] of this.lines.heights) this.heights.set(line, hidden ? 0 : this.heights.base);
    this.lines.heights.clear();
    this.#end();
    this.#place();
    for (let tries = MAX_PASSES; this.wrapped && tries && this.#measure(); tries -= 1) this.#place();
    this.#tell();
    this.dispatchEvent(new Event("drawn"));
  }

  #end() {
    const height = `${Math.min(this.heights.total, MAX_HEIGHT_PX)}px`;
    if (this.extent.style.height !== height) this.extent.style.height = height;
    if (!this.following) return;
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.#set = this.scroller.scrollTop;
  }

  #place() {
    const { heights, scroller } = this;
    const extra = this.#printing ? MAX_PRINTED : EXTRA_LINES;
    if (!heights.count) return;
    const y = this.#y;
    let first = Math.max(1, heights.at(y) - extra);
    let last = Math.min(heights.count, heights.at(y + scroller.clientHeight) + extra);
    if (this.#printing) {
      while (first < last && this.lines.text(first) === undefined) first += 1;
      while (last > first && this.lines.text(last) === undefined) last -= 1;
    }
    const start = heights.of(first) ? first : heights.after(first);
    const wanted = [];
    for (let line = start; line <= last; line = heights.after(line)) wanted.push(line);
    const keep = new Set(wanted);
    for (const [line, { item }] of this.#rows) {
      if (keep.has(line)) continue;
      item.remove();
      this.#rows.delete(line);
    }
    const items = wanted.map((line) => this.#row(line));
    let next = this.list.firstElementChild;
    for (const item of items) {
      if (item === next) next = next.nextElementSibling;
      else this.list.insertBefore(item, next);
    }
    this.list.style.transform = `translateY(${scroller.scrollTop + heights.top(start) - y}px)`;
    this.lines.want(first, last);
  }

  #row(line) {
    const text = this.lines.text(line);
    const row = this.#rows.get(line);
    if (row && row.text === text) return row.item;
    const item = build(line, text);
    row?.item.replaceWith(item);
    this.#rows.set(line, { item, text });
    showFold(item, 0);
    return item;
  }

  // Measure wrapped lines. The line that is being read keeps its place.
  #measure() {
    const anchor = this.first;
    const offset = this.#y - this.heights.top(anchor);
    const measured = [...this.#rows].map(([line, { item }]) => [line, item.getBoundingClientRect().height]);
    let changed = false;
    for (const [line, height] of measured) {
      if (Math.abs(height - this.heights.of(line)) < 0.5) continue;
      this.heights.set(line, height);
      changed = true;
    }
    if (!changed) return false;
    if (this.following) this.#end();
    else this.#moveTo(this.heights.top(anchor) + offset);
    return true;
  }

  #measureAnew() {
    const { first } = this;
    this.heights.reset();
    if (!this.following) this.#moveTo(this.heights.top(first));
    this.draw();
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    if (Math.abs(scrollTop - this.#set) < 1) return;
    this.#set = -1;
    this.following = scrollHeight - scrollTop - clientHeight < this.heights.base;
    this.draw();
  }

  #tell() {
    if (this.following) this.#known = this.lines.count;
    const fresh = this.lines.count - this.#known;
    this.button.hidden = this.following || !(fresh || this.live);
    this.button.textContent = fresh ? count("new", fresh) : say("newest");
  }
}
