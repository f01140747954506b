// Loads the messages before those that are here.
import { history } from "./history.js";
import { say } from "./words.js";

export class Older {
  #changes = null; // edits and deletions that came while a page was on its way, which may be older than they are

  constructor({ button, region, view, log, url }) {
    Object.assign(this, { button, region, view, log, url });
    button.addEventListener("click", () => this.load());
    view.addEventListener("trimmed", () => (button.hidden = false));
    log.addEventListener("event", ({ detail }) => this.#changes?.push(detail));
  }

  async load() {
    if (this.#changes) return;
    this.#changes = [];
    this.button.textContent = say("loading");
    this.region.setAttribute("aria-busy", "true"); // nobody wants the past read out
    const { oldest } = this.view;
    const { epoch } = this.log;
    try {
      const page = await history(this.url, { before: oldest });
      // the list may have been replaced or cut meanwhile
      if (this.log.epoch === epoch && page.epoch === epoch && this.view.oldest === oldest) this.#show(page);
      this.button.textContent = say("older");
    } catch {
      this.button.textContent = say("older-failed");
    } finally {
      this.#changes = null;
      this.region.removeAttribute("aria-busy");
    }
  }

  #show(page) {
    this.view.prepend(page.messages);
    for (const change of this.#changes) if (change.message) this.view.change(change);
    this.button.hidden = !page.more;
  }
}
