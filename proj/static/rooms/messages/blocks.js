// The buttons of code blocks and of long messages.
import { copy } from "../../shared/copy.js";
import { say } from "../../shared/words.js";

const SHOWN_MS = 2_000; // a button shows its result for so long

export class Blocks {
  constructor({ list, follow }) {
    this.follow = follow;
    list.addEventListener("click", ({ target }) => this.#clicked(target));
  }

  #clicked(button) {
    const verb = button.dataset.do;
    if (verb === "wrap") this.#wrap(button);
    else if (verb === "copy") this.#copy(button);
    else if (verb === "fold") this.#fold(button);
  }

  #wrap(button) {
    const wrapped = button.getAttribute("aria-pressed") !== "true";
    this.follow.keep(button.closest(".message"), () => {
      button.closest(".block").classList.toggle("wrapped", wrapped);
      button.setAttribute("aria-pressed", wrapped);
    });
  }

  async #copy(button) {
    const done = await copy(button.closest(".block").querySelector("code"));
    button.textContent = say(done ? "copied" : "copy-failed");
    setTimeout(() => (button.textContent = say("copy")), SHOWN_MS);
  }

  // An unfolded message keeps its beginning in place, a folded one its end.
  #fold(button) {
    const item = button.closest(".message");
    const open = button.getAttribute("aria-expanded") !== "true";
    const anchor = open ? item : button;
    const { top } = anchor.getBoundingClientRect();
    item.querySelector(".text").classList.toggle("unfolded", open);
    button.setAttribute("aria-expanded", open);
    button.textContent = say(open ? "fold" : "unfold");
    this.follow.scroller.scrollTop += anchor.getBoundingClientRect().top - top;
  }
}
