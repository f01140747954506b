// The list of messages on the page. Text is inserted as text, never as markup.
import { arrange } from "./arrange.js";
import { build, read, remember } from "../messages/message.js";
import { reacted } from "../messages/reactions.js";
import { looks } from "../messages/looks.js";
import { localise } from "../../shared/times.js";

const MAX_MESSAGES = 400; // messages on the page; beyond, the farthest from the reader are removed
const MESSAGES_AT_END = 200; // messages that stay while the reader follows the end

export class View extends EventTarget {
  #atEnd;

  /** `atEnd`: the newest message of the room is in the list. */
  constructor({ list, empty, follow, me, atEnd }) {
    super();
    Object.assign(this, { list, empty, follow, me });
    list.replaceChildren(...list.children); // without the template's white space
    for (const item of list.children) {
      remember(item);
      looks(item, me);
    }
    localise(list);
    arrange(list.children);
    this.#end(atEnd);
  }

  get atEnd() {
    return this.#atEnd;
  }

  get oldest() {
    return seqOf(this.list.firstElementChild);
  }

  get newest() {
    return seqOf(this.list.lastElementChild);
  }

  item(seq) {
    return document.getElementById(`m${seq}`);
  }

  apply(event) {
    if (event.type === "card.changed") return; // cards.js loads the card
    if (event.message) this.change(event);
    else this.#post(event);
  }

  /** Show an edit, a deletion or a reaction, if its message is here. Idempotent. */
  change(event) {
    const item = this.item(event.message);
    if (!item) return;
    const frame = read(item);
    if (frame.deleted) return;
    if (event.type.endsWith("reacted")) frame.reactions = reacted(frame.reactions, event);
    else if (event.type === "message.edited") Object.assign(frame, { text: event.text, html: event.html, long: event.long, edited: event.at });
    else Object.assign(frame, { deleted: event.at, removed: event.type === "message.removed" ? event.text : "" });
    this.#replace(item, frame);
  }

  /** Add older messages above; far below, some may be removed for them. */
  prepend(frames) {
    const fresh = this.#build(frames);
    this.list.prepend(...fresh);
    arrange(fresh);
    if (this.list.childElementCount > MAX_MESSAGES && !this.list.querySelector("form")) {
      this.follow.hold(() => {
        while (this.list.childElementCount > MAX_MESSAGES) this.list.lastElementChild.remove();
      });
      this.#end(false);
    }
    this.#told();
  }

  /** Add newer messages below; with `atEnd` there are no newer ones. */
  extend(frames, atEnd) {
    const fresh = this.#build(frames);
    this.follow.hold(() => {
      this.list.append(...fresh);
      arrange(fresh);
    });
    this.#trim(MAX_MESSAGES);
    this.#end(atEnd);
    this.#told();
  }

  /** Show only these messages, the newest ones. */
  show(frames) {
    this.list.replaceChildren();
    this.list.append(...this.#build(frames));
    arrange(this.list.children);
    this.#end(true);
    this.follow.toEnd();
    this.#told();
  }

  #build(frames) {
    return frames.filter((frame) => !this.item(frame.seq)).map((frame) => build(frame, this.me)).filter(Boolean);
  }

  #end(atEnd) {
    this.#atEnd = atEnd;
    this.follow.detached = !atEnd;
  }

  #post(frame) {
    const there = this.item(frame.seq);
    if (there) {
      this.#replace(there, frame);
      return;
    }
    const counts = frame.type === "message.posted" && frame.author !== this.me;
    if (!this.#atEnd) {
      if (counts) this.follow.count();
      return;
    }
    const item = build(frame, this.me);
    if (!item) return;
    const add = () => {
      this.list.append(item);
      arrange([item]);
    };
    this.follow.grow(add, counts);
    if (this.follow.following && this.list.childElementCount > MAX_MESSAGES) this.#trim(MESSAGES_AT_END);
    this.#told();
  }

  // The editor that is open in `item` keeps its text and the focus.
  #replace(item, frame) {
    const fresh = build(frame, this.me);
    if (item.dataset.unread) fresh.dataset.unread = item.dataset.unread;
    const form = item.querySelector("form");
    if (form && !frame.deleted) {
      const focused = form.contains(document.activeElement) ? document.activeElement : null;
      fresh.classList.add(...item.classList);
      fresh.append(form);
      item.replaceWith(fresh);
      arrange([fresh]);
      focused?.focus();
    } else {
      const focused = item.contains(document.activeElement);
      this.follow.keep(item, () => {
        item.replaceWith(fresh);
        arrange([fresh]);
      });
      if (focused) {
        fresh.tabIndex = 0;
        fresh.focus({ preventScroll: true });
      }
    }
    this.#told();
  }

  #trim(most) {
    if (this.list.childElementCount <= most || this.list.querySelector("form")) return;
    while (this.list.childElementCount > most) this.list.firstElementChild.remove();
    arrange([this.list.firstElementChild]);
    this.dispatchEvent(new Event("trimmed"));
  }

  #told() {
    this.empty.hidden = this.list.childElementCount > 0;
    this.dispatchEvent(new Event("changed"));
  }
}

function seqOf(item) {
  return item ? Number(item.dataset.seq) : undefined;
}
