// Where the reader is: follows the end only when near it, otherwise keeps the place and counts what is new.
// The scroller is a reversed column: its position is 0 at the end and grows negative upwards, so what comes in
// above moves nothing by itself.
import { count, say } from "../../shared/words.js";

const NEAR = 80; // pixels

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

  /** Do `add`, which puts one more message at the end; `counts` if it is news to the reader. */
  grow(add, counts) {
    if (this.following) {
      add();
      this.scroller.scrollTop = 0;
      return;
    }
    this.hold(add);
    if (counts) this.count();
  }

  /** There is one more message that the reader has not seen. */
  count() {
    this.#unread += 1;
    this.#show();
  }

  /** Do `change` to `item` without moving what is read. */
  keep(item, change) {
    const above = item.getBoundingClientRect().bottom < this.scroller.getBoundingClientRect().top;
    if (this.following || above) change();
    else this.hold(change);
  }

  /** Do `change`, which happens below what is read, without moving that. */
  hold(change) {
    const { scroller } = this;
    const height = () => scroller.firstElementChild.getBoundingClientRect().height; // scrollHeight is rounded
    const end = scroller.scrollTop + height();
    change();
    scroller.scrollTop = end - height();
  }

  #scrolled() {
    const following = !this.#detached && this.scroller.scrollTop > -NEAR;
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
