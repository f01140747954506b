// Loads the messages before those that are here while one scrolls up, and those after them on the way back down.
import { history } from "../../shared/history.js";
import { say } from "../../shared/words.js";

const AHEAD = 800; // pixels before the end of what is here
const HUSH = 1_000; // after which what comes in is read out again

export class Pages {
  #events = null; // what came while a page was on its way, which may be older than that
  #hushed = 0;

  constructor({ button, region, view, follow, log, url }) {
    Object.assign(this, { button, region, view, follow, log, url });
    button.addEventListener("click", () => this.load("before"));
    follow.scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    view.addEventListener("trimmed", () => (button.hidden = false));
    log.addEventListener("event", ({ detail }) => this.#events?.push(detail));
  }

  /** Load the messages "before" or "after" those that are here. */
  async load(direction) {
    if (this.#events) return;
    this.#events = [];
    this.button.textContent = say("loading");
    this.region.setAttribute("aria-busy", "true");
    const { oldest, newest } = this.view;
    const { epoch } = this.log;
    try {
      const page = await history(this.url, { [direction]: direction === "before" ? oldest : newest });
      // the list may have been replaced or cut meanwhile
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

  /** The newest messages are to be shown and no others. Raises what history() raises. */
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
    if (!this.button.hidden && scrollHeight - clientHeight + scrollTop < AHEAD) this.load("before");
    else if (!this.view.atEnd && -scrollTop < AHEAD) this.load("after");
  }

  // Nobody wants the past read out.
  #hush() {
    this.region.setAttribute("aria-live", "off");
    clearTimeout(this.#hushed);
    this.#hushed = setTimeout(() => this.region.removeAttribute("aria-live"), HUSH);
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
