// The line above the first unread message of this person.
import { say } from "../../shared/words.js";

export class Unread {
  constructor({ view, follow, log, me, seen }) {
    Object.assign(this, { view, follow, me });
    const first = [...view.list.children].find((item) => Number(item.dataset.seq) > seen);
    if (first && seen) this.#mark(first);
    log.addEventListener("event", ({ detail }) => this.#heard(detail));
    document.addEventListener("visibilitychange", () => document.hidden && follow.following && this.clear());
  }

  /** The person has seen all messages. */
  clear() {
    for (const item of this.view.list.querySelectorAll("[data-unread]")) delete item.dataset.unread;
  }

  #heard(event) {
    if (event.type !== "message.posted" || event.author === this.me) return;
    if (this.follow.following && !document.hidden) return;
    if (!this.view.list.querySelector("[data-unread]")) this.#mark(this.view.item(event.seq));
  }

  #mark(item) {
    if (item && item.querySelector(".author").textContent !== this.me) item.dataset.unread = say("unread");
  }
}
