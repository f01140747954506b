// Reports this person's read position to the server, and shows which people have seen the last message.
import { spoken } from "./names.js";
import { list, say } from "../../shared/words.js";

const INTERVAL_MS = 2_000;

export class Seen {
  #told = 0;
  #at = 0;
  #timer = 0;

  constructor({ line, log, view, unread, socket, me, seen }) {
    Object.assign(this, { line, log, view, unread, socket, me });
    this.people = new Map(Object.entries(seen));
    this.#told = seen[me] ?? 0;
    for (const [source, type] of [[log, "moved"], [unread, "read"], [document, "visibilitychange"]]) {
      source.addEventListener(type, () => this.#tell());
    }
    unread.addEventListener("lowered", () => {
      this.#told = unread.read;
      clearTimeout(this.#timer);
    });
    view.addEventListener("changed", () => this.#show());
    this.#show();
  }

  hearAll(seen) {
    for (const [who, seq] of Object.entries(seen)) this.people.set(who, Math.max(seq, this.people.get(who) ?? 0));
    this.unread.upTo(seen[this.me] ?? 0);
    this.#show();
  }

  hear(who, seq) {
    this.hearAll({ [who]: seq });
  }

  /** The log began anew: the server may have lost the positions. */
  forget() {
    this.#told = 0;
    this.people.clear();
    this.#show();
  }

  #tell() {
    if (document.hidden || this.unread.read <= this.#told || this.log.missing) return;
    const wait = this.#at + INTERVAL_MS - Date.now();
    if (wait > 0) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#tell(), wait);
      return;
    }
    const { read } = this.unread;
    if (!this.socket.send({ type: "seen", seq: read })) return;
    this.#told = read;
    this.#at = Date.now();
  }

  #show() {
    const last = this.view.list.lastElementChild;
    const author = last?.querySelector(".author").textContent;
    const names = [...this.people]
      .filter(([who, seq]) => last && seq >= this.view.newest && who !== this.me && who !== author)
      .map(([who]) => who)
      .sort()
      .map(spoken);
    this.line.textContent = names.length ? say("seen-by", { names: list(names, 5) }) : "";
  }
}
