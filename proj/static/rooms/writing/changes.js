// Editing and deleting one's own messages, in place. A deletion can be taken back for some seconds.
import { grow } from "./grow.js";
import { isSend } from "./keys.js";
import { read } from "../messages/message.js";
import { count } from "../../shared/words.js";

const part = (id) => document.getElementById(id).content.querySelector("form").cloneNode(true);

const UNDO_SECONDS = 5; // seconds

export class Changes {
  constructor({ view, outbox, composer, characters }) {
    Object.assign(this, { view, outbox, composer, characters });
    view.list.addEventListener("keydown", (event) => event.key === "Escape" && this.#close(event.target.closest(".message")));
  }

  clicked(button) {
    const item = button.closest(".message");
    const verb = button.dataset.do;
    if (verb === "edit") this.#edit(item);
    else if (verb === "delete") this.#remove(item);
    else if (verb === "cancel") this.#close(item);
  }

  editLast() {
    const mine = (item) => item.matches(".message:not(.removing):has(> .text)") && item.querySelector(".author").textContent === this.view.me;
    const last = [...this.view.list.children].findLast(mine);
    if (last) this.#edit(last);
  }

  #edit(item) {
    const form = this.#open(item, "editor-part", "changing");
    const field = form.querySelector("textarea");
    const { text } = read(item);
    field.value = text;
    field.addEventListener("keydown", (event) => {
      if (!isSend(event)) return;
      event.preventDefault();
      form.requestSubmit();
    });
    field.addEventListener("input", () => this.#measure(form, field));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (form.querySelector("[type=submit]").disabled) return;
      if (field.value !== text) this.#say(form, { type: "edit", message: field.value });
      this.#close(form.closest(".message"));
    });
    grow(field);
    field.focus();
    field.setSelectionRange(text.length, text.length);
  }

  #measure(form, field) {
    const over = [...field.value].length - this.characters;
    form.querySelector("[type=submit]").disabled = over > 0 || !field.value.trim();
    form.querySelector("[role=status]").textContent = over > 0 ? count("over", over) : "";
  }

  #remove(item) {
    const form = this.#open(item, "removal-part", "removing");
    const seq = Number(item.dataset.seq);
    const words = form.querySelector("p");
    let left = UNDO_SECONDS;
    const tick = () => {
      words.textContent = count("deleting", left);
      if (left === 0) form.requestSubmit();
      left -= 1;
    };
    const timer = setInterval(() => (form.isConnected && item.isConnected ? tick() : remove()), 1_000);
    const remove = () => {
      stop();
      this.outbox.add({ type: "delete", seq });
      this.#close(form.closest(".message"));
    };
    const stop = () => {
      clearInterval(timer);
      removeEventListener("pagehide", remove);
    };
    addEventListener("pagehide", remove); // the outbox survives the page
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      remove();
    });
    form.addEventListener("undo", stop);
    tick();
    form.querySelector('[data-do="cancel"]').focus();
  }

  #say(form, frame) {
    this.outbox.add({ ...frame, seq: Number(form.closest(".message").dataset.seq) });
  }

  // One form at a time.
  #open(item, id, state) {
    for (const other of this.view.list.querySelectorAll(".changing")) this.#close(other);
    if (item.matches(".removing")) return item.querySelector("form");
    const form = part(id);
    item.classList.add(state);
    item.append(form);
    form.scrollIntoView({ block: "nearest" });
    return form;
  }

  #close(item) {
    const form = item?.querySelector("form");
    if (!form) return;
    const focused = form.contains(document.activeElement);
    form.dispatchEvent(new Event("undo"));
    form.remove();
    item.classList.remove("changing", "removing");
    if (focused) this.composer.focus();
  }
}
