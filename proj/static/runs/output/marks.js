// Links to lines: `#L12`, or `#L12-L20` by a click on the one and a click with Shift on the other.
const FORM = /^#L(\d{1,12})(?:-L(\d{1,12}))?$/;

export class Marks {
  #first = 0;
  #last = 0;

  constructor({ list, groups }) {
    Object.assign(this, { list, groups });
    list.list.addEventListener("click", (event) => this.#clicked(event));
    list.addEventListener("drawn", () => this.#mark());
    addEventListener("hashchange", () => this.#read());
    this.#read();
  }

  #read() {
    const [, first, last = first] = FORM.exec(location.hash) ?? [];
    [this.#first, this.#last] = [Number(first ?? 0), Number(last ?? 0)].sort((a, b) => a - b);
    if (this.#first) this.go(this.#first);
    this.list.draw();
  }

  /** Scroll to a line. */
  go(line) {
    this.groups.reveal(line);
    this.list.heights.count = Math.max(this.list.heights.count, this.list.lines.count);
    this.list.show(Math.min(line, Math.max(1, this.list.lines.count)));
  }

  #clicked(event) {
    const at = event.target.closest(".at");
    if (!at || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const line = Number(at.dataset.line);
    const [first, last] = event.shiftKey && this.#first ? [this.#first, line].sort((a, b) => a - b) : [line, line];
    history.replaceState(null, "", first === last ? `#L${first}` : `#L${first}-L${last}`);
    [this.#first, this.#last] = [first, last];
    this.#mark();
  }

  #mark() {
    for (const line of this.list.shown) this.list.item(line).classList.toggle("marked", line >= this.#first && line <= this.#last);
  }
}
