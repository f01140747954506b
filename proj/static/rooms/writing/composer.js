// The composer. Dispatches "send" (detail: a text that may be a command), "post" (one that is none), "typing", "emptied" (but not by sending), and "edit-last" (arrow up in an
// empty field).
import { grow } from "./grow.js";
import { isSend } from "./keys.js";
import { forget, keep, kept } from "../../shared/store.js";
import { count } from "../../shared/words.js";

const COUNTED_CHARACTERS = 500; // characters before the limit at which the counter appears

export class Composer extends EventTarget {
  constructor({ form, room, me, characters }) {
    super();
    this.form = form;
    this.field = form.querySelector("textarea");
    this.button = form.querySelector("[type=submit]");
    this.counter = form.querySelector(".counter");
    this.characters = characters;
    this.draft = `signalbox:draft:${JSON.stringify([me, room])}`;
    this.field.value = kept(this.draft) ?? "";
    this.field.addEventListener("input", () => {
      this.#changed();
      if (!this.field.value) this.dispatchEvent(new Event("emptied"));
    });
    this.field.addEventListener("keydown", (event) => this.#key(event));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    form.addEventListener("click", ({ target }) => target.dataset.insert && this.#tool(target.dataset.insert));
    this.#measure();
    grow(this.field);
  }

  focus() {
    this.field.focus();
  }

  /** Put back a text that was not taken, before the text that was written meanwhile. */
  restore(text) {
    this.field.value = this.field.value ? `${text}\n${this.field.value}` : text;
    this.field.dispatchEvent(new Event("input"));
  }

  insert(text) {
    this.field.value = text + this.field.value;
    this.field.dispatchEvent(new Event("input"));
    this.field.focus();
    this.field.setSelectionRange(text.length, text.length);
  }

  /** Empty the field, and return its text. */
  take() {
    const text = this.field.value;
    this.field.value = "";
    this.#changed();
    return text;
  }

  // Write a sign where the text cursor is: a command's at the beginning, a fence around the marked text.
  #tool(sign) {
    const { field } = this;
    const { selectionStart: start, selectionEnd: end, value } = field;
    field.focus();
    if (sign === "```") {
      const code = value.slice(start, end);
      const newline = /[^\n]$/.test(value.slice(0, start)) ? "\n" : "";
      field.setRangeText(`${newline}${sign}\n${code}\n${sign}`, start, end, "end");
      field.setSelectionRange(...Array(2).fill(start + newline.length + 4 + code.length));
    } else if (sign === "/") field.setRangeText(value.startsWith(sign) ? "" : sign, 0, 0, "end");
    else field.setRangeText(/\S$/.test(value.slice(0, start)) ? ` ${sign}` : sign, start, end, "end");
    field.dispatchEvent(new Event("input"));
  }

  #key(event) {
    if (isSend(event)) {
      event.preventDefault();
      this.#send();
    } else if (event.key === "ArrowUp" && !this.field.value) {
      event.preventDefault();
      this.dispatchEvent(new Event("edit-last"));
    }
  }

  #send() {
    if (this.button.disabled) return;
    const text = this.take();
    this.field.focus();
    this.dispatchEvent(new CustomEvent("send", { detail: text }));
  }

  #changed() {
    if (this.field.value) {
      keep(this.draft, this.field.value);
      this.dispatchEvent(new Event("typing"));
    } else forget(this.draft);
    this.#measure();
  }

  // The server counts characters, JavaScript counts UTF-16 units.
  #measure() {
    const { value } = this.field;
    const left = value.length * 2 < this.characters ? Infinity : this.characters - [...value].length;
    this.button.disabled = left < 0 || !value.trim();
    this.counter.classList.toggle("over", left < 0);
    if (left > COUNTED_CHARACTERS) this.counter.textContent = "";
    else this.counter.textContent = left < 0 ? count("over", -left) : count("left", left);
  }
}
