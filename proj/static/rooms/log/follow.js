// The reader's place: follows the end only when near it, otherwise keeps the place and counts new messages.
// The scroller is a reversed column: its position is 0 at the end and negative above it, so messages that are added
// above move nothing by themselves.
import { count, say } from "../../shared/words.js";

const NEAR_PX = 80; // pixels

export class Follow extends EventTarget {
  #unread = 0;
  #detached = false;

  constructor({ scroller, button }) {
    super();
    this.scroller = scroller;
    this.button = button;
    this.following = true;
    scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    button.addEventListener("click", () => {
      this.toEnd();
      this.scroller.focus();
    });
  }

  /** Whether the newest messages are not on the page: then "newest" asks for them. */
  set detached(detached) {
    this.#detached = detached;
    this.#scrolled();
    this.#show();
  }

  toEnd() {
    if (this.#detached) {
      this.dispatchEvent(new Event("newest"));
      return;
    }
    this.scroller.scrollTop = 0;
    this.#scrolled();
  }

  /** Call `add`, which appends one message; `counts` if it is new to the reader. */
  grow(add, counts) {
    if (this.following) {
      add();
      this.scroller.scrollTop = 0;
      return;
    }
    this.hold(add);
    if (counts) this.count();
  }

  count() {
    this.#unread += 1;
    this.#show();
  }

  /** Call `change`, which changes `item`, without moving the text that is being read; at the `end` that is the newest one. */
  keep(item, change, end = this.following) {
    const above = item.getBoundingClientRect().bottom < this.scroller.getBoundingClientRect().top;
    if (end || above) change();
    else this.hold(change);
  }

  /** Call `change`, which changes something below that text, without moving it. */
  hold(change) {
    const { scroller } = this;
    const height = () => scroller.firstElementChild.getBoundingClientRect().height; // scrollHeight is rounded
    const end = scroller.scrollTop + height();
    change();
    scroller.scrollTop = end - height();
  }

  #scrolled() {
    const following = !this.#detached && this.scroller.scrollTop > -NEAR_PX;
    if (following === this.following && !following) return;
    this.following = following;
    if (following) this.#unread = 0;
    this.#show();
    if (following) this.dispatchEvent(new Event("end"));
  }

  #show() {
    this.button.hidden = !this.#unread && !this.#detached;
    this.button.textContent = this.#unread ? count("new", this.#unread) : say("newest");
  }
}
