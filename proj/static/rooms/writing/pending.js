// Shows the outbox below the messages: frames under way, and refused ones with their buttons.
import { follows, GROUP_MS } from "../log/arrange.js";
import { say } from "../../shared/words.js";

const part = document.getElementById("pending-part").content.querySelector(".pending");
const SHOWN_AFTER_MS = 1_000; // edits and deletions are shown only after so long

export class Pending {
  #shown = new Map();

  constructor({ list, outbox, view, me, follow, empty }) {
    Object.assign(this, { list, outbox, view, me, follow, empty });
    outbox.addEventListener("change", () => this.show());
    view.addEventListener("changed", () => this.#group());
    list.addEventListener("click", (event) => this.#clicked(event));
    this.show();
  }

  show() {
    for (const [id, item] of this.#shown) {
      if (this.outbox.items.has(id)) continue;
      this.follow.keep(item, () => item.remove());
      this.#shown.delete(id);
    }
    for (const [id, item] of this.outbox.items) if (this.#due(item)) this.#fill(this.#item(id), item);
    if (this.#shown.size) this.empty.hidden = true;
    this.#group();
  }

  // A refused one stands for itself: it has a reason and buttons.
  #group() {
    const at = (item) => this.outbox.items.get(item.dataset.clientId)?.at ?? 0;
    for (const item of this.list.children) {
      const waiting = item.previousElementSibling;
      const sent = this.view.list.lastElementChild;
      const goesOn = waiting ? !waiting.matches(".failed") && at(item) - at(waiting) < GROUP_MS : sent && follows(item, sent, at(item));
      item.classList.toggle("grouped", Boolean(goesOn) && !item.matches(".failed"));
    }
  }

  #due(item) {
    if (item.frame.type === "post" || item.failed) return true;
    const wait = item.at + SHOWN_AFTER_MS - Date.now();
    if (wait > 0) setTimeout(() => this.show(), wait);
    return wait <= 0;
  }

  #item(id) {
    let item = this.#shown.get(id);
    if (!item) {
      item = part.cloneNode(true);
      item.dataset.clientId = id;
      this.#shown.set(id, item);
      this.follow.keep(this.list, () => this.list.append(item));
    }
    return item;
  }

  #fill(element, item) {
    const state = this.outbox.state(item);
    const at = (selector) => element.querySelector(selector);
    element.dataset.state = state;
    element.classList.toggle("failed", state === "failed");
    write(at(".author"), this.me);
    write(at(".state"), say(state, { reason: reason(item) }));
    write(at(".text"), words(item.frame));
    at('[data-do="retry"]').hidden = state !== "failed";
    at('[data-do="discard"]').hidden = state === "sending";
  }

  #clicked(event) {
    const verb = event.target.dataset.do;
    const id = event.target.closest("[data-client-id]")?.dataset.clientId;
    if (!verb || !id) return;
    this.outbox[verb](id);
  }
}

function words(frame) {
  if (frame.emoji) return `${say("reaction")} ${frame.emoji}`;
  if (frame.type === "edit") return `${say("edit-of")} ${frame.message}`;
  return frame.type === "delete" ? say("deletion") : frame.message;
}

// The reason of a refusal in the person's language, where the page has words for it.
function reason({ frame, failed, code }) {
  for (const key of [`refused.${code}.${frame.type}`, `refused.${code}`]) {
    const words = say(key);
    if (words !== key) return words;
  }
  return failed;
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
