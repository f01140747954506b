// The list of messages on the page. Text goes in as text, never as markup.
import { build, read } from "./message.js";
import { looks } from "./looks.js";
import { localise, localiseDaily } from "./times.js";

const MOST = 400; // messages on the page before the oldest go
const KEPT = 200; // messages that stay then; the others are one click away

export class View extends EventTarget {
  constructor({ list, empty, follow, me }) {
    super();
    this.list = list;
    this.empty = empty;
    this.follow = follow;
    this.me = me;
    list.replaceChildren(...list.children); // without the white space of the template
    for (const item of list.children) looks(item, me);
    localise(list);
    localiseDaily(list);
  }

  /** The `seq` of the oldest and of the newest message shown, or undefined. */
  get oldest() {
    return seqOf(this.list.firstElementChild);
  }

  get newest() {
    return seqOf(this.list.lastElementChild);
  }

  /** The element of message `seq`, or null. */
  item(seq) {
    return document.getElementById(`m${seq}`);
  }

  /** Show what `event` did. */
  apply(event) {
    if (event.type === "message.posted") this.#post(event);
    else if (event.type === "message.edited") this.change(event);
    else if (event.type === "message.deleted") this.change(event);
  }

  /** Show an edit or a deletion, if its message is here. Doing it again changes nothing. */
  change(event) {
    const item = this.item(event.message);
    if (!item) return;
    const frame = read(item);
    if (frame.deleted) return;
    if (event.type === "message.edited") Object.assign(frame, { text: event.text, html: event.html, edited: event.at });
    else frame.deleted = event.at;
    this.#replace(item, frame);
  }

  /** Show older messages above those that are here. */
  prepend(frames) {
    this.list.prepend(...frames.filter((frame) => !this.item(frame.seq)).map((frame) => build(frame, this.me)));
    this.#told();
  }

  /** Show these and no others. */
  show(frames) {
    this.list.replaceChildren(...frames.map((frame) => build(frame, this.me)));
    this.follow.toEnd();
    this.#told();
  }

  #post(frame) {
    const there = this.item(frame.seq);
    if (there) {
      this.#replace(there, frame);
      return;
    }
    this.follow.grow(() => this.list.append(build(frame, this.me)), frame.author !== this.me);
    this.#trim();
    this.#told();
  }

  // Somebody may be writing in the editor that is open in `item`.
  #replace(item, frame) {
    const fresh = build(frame, this.me);
    const form = item.querySelector("form");
    if (form && !frame.deleted) {
      const focused = form.contains(document.activeElement) ? document.activeElement : null;
      fresh.classList.add(...item.classList);
      fresh.append(form);
      item.replaceWith(fresh);
      focused?.focus();
    } else this.follow.keep(item, () => item.replaceWith(fresh));
    this.#told();
  }

  #trim() {
    if (this.list.childElementCount <= MOST || !this.follow.following || this.list.querySelector("form")) return;
    while (this.list.childElementCount > KEPT) this.list.firstElementChild.remove();
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
