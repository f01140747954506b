// Loads older messages while the reader scrolls up, and newer ones on the way back down.
import { history } from "../../shared/history.js";
import { say } from "../../shared/words.js";

const AHEAD_PX = 800; // pixels before the end of the loaded messages
const HUSH_MS = 1_000; // after which new messages are read out again

export class Pages {
  #events = null; // events that came while a page was loading: the page may be older
  #hushed = 0;

  constructor({ button, region, view, follow, log, url }) {
    Object.assign(this, { button, region, view, follow, log, url });
    button.addEventListener("click", () => this.load("before"));
    follow.scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    view.addEventListener("trimmed", () => (button.hidden = false));
    log.addEventListener("event", ({ detail }) => this.#events?.push(detail));
  }

  /** Load the messages "before" or "after" the loaded ones. */
  async load(direction) {
    if (this.#events) return;
    this.#events = [];
    this.button.textContent = say("loading");
    this.region.setAttribute("aria-busy", "true");
    const { oldest, newest } = this.view;
    const { epoch } = this.log;
    try {
      const page = await history(this.url, { [direction]: direction === "before" ? oldest : newest });
      // the list may have been replaced or trimmed meanwhile
      const same = this.view.oldest === oldest && this.view.newest === newest;
      if (this.log.epoch === epoch && page.epoch === epoch && same) this.#show(direction, page);
      this.button.textContent = say("older");
    } catch {
      this.button.textContent = say("older-failed");
    } finally {
      this.#events = null;
      this.region.removeAttribute("aria-busy");
    }
  }

  /** Show only the newest messages. Raises the errors of history(). */
  async newest() {
    this.#events = null;
    const page = await history(this.url);
    this.#hush();
    this.view.show(page.messages);
    this.button.hidden = !page.more;
    return page;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.follow.scroller; // 0 at the end, negative above it
    if (scrollTop === 0 && this.view.atEnd) return;
    if (!this.button.hidden && scrollHeight - clientHeight + scrollTop < AHEAD_PX) this.load("before");
    else if (!this.view.atEnd && -scrollTop < AHEAD_PX) this.load("after");
  }

  // Older messages are not read out.
  #hush() {
    this.region.setAttribute("aria-live", "off");
    clearTimeout(this.#hushed);
    this.#hushed = setTimeout(() => this.region.removeAttribute("aria-live"), HUSH_MS);
  }

  #show(direction, page) {
    this.#hush();
    if (direction === "before") {
      this.view.prepend(page.messages);
      this.button.hidden = !page.more;
    } else this.view.extend(page.messages, !page.more);
    for (const event of this.#events) if (event.message || this.view.atEnd) this.view.apply(event);
  }
}
