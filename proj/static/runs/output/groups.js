// Folds groups of lines: from `::group name` to `::endgroup`. The server finds the end of a group when it is folded.
import { showFold } from "./line.js";

export class Groups {
  #folded = new Map(); // line of the group -> its last line

  constructor({ list, url }) {
    Object.assign(this, { list, url });
    list.list.addEventListener("click", ({ target }) => {
      if (target.closest(".fold")) this.#toggle(Number(target.closest(".line").querySelector(".at").dataset.line));
    });
    list.addEventListener("drawn", () => this.#mark());
  }

  /** Unfold the groups that hide `line`. */
  reveal(line) {
    for (const [group, end] of this.#folded) if (line > group && line <= end) this.#unfold(group, end);
  }

  async #toggle(group) {
    const end = this.#folded.get(group);
    if (end) this.#unfold(group, end);
    else await this.#fold(group);
    this.list.draw();
  }

  async #fold(group) {
    const url = new URL(this.url, location.href);
    url.searchParams.set("line", group);
    let end;
    try {
      ({ end } = await (await fetch(url, { signal: AbortSignal.timeout(20_000) })).json());
    } catch {
      return; // the button still says "fold"
    }
    const last = Math.min(end ?? Infinity, this.list.lines.count);
    this.#folded.set(group, last);
    for (let line = group + 1; line <= last; line += 1) this.list.heights.set(line, 0);
    this.list.following = false;
  }

  #unfold(group, end) {
    this.#folded.delete(group);
    for (let line = group + 1; line <= end; line += 1) this.list.heights.set(line, this.list.lines.text(line) === null ? 0 : this.list.heights.base);
  }

  #mark() {
    for (const line of this.list.shown) {
      const end = this.#folded.get(line);
      showFold(this.list.item(line), end ? end - line : 0);
    }
  }
}
