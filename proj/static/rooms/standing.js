// Changes of the room while its page is open: its name, and whether the person can write.
import { retitle } from "../site/badge.js";

const CLOSED = ["no-access", "no-room"];

export class Standing {
  constructor({ socket, log, composer, note, tag, title, archived }) {
    Object.assign(this, { socket, composer, note, tag, title, archived, field: composer.querySelector("textarea") });
    socket.addEventListener("state", () => this.#show());
    log.addEventListener("event", ({ detail }) => this.#heard(detail));
  }

  #heard({ type, text }) {
    if (type === "room.renamed") {
      retitle(`${text} · Signalbox`);
      const { field } = this;
      field.placeholder = field.placeholder.replace(`#${this.title.textContent}`, () => `#${text}`);
      this.title.textContent = text;
    } else if (type === "room.archived" || type === "room.unarchived") {
      this.archived = type === "room.archived";
      this.#show();
    }
  }

  #show() {
    this.note.hidden = !this.archived;
    this.tag.textContent = this.archived ? this.tag.dataset.word : "";
    this.composer.hidden = this.archived || CLOSED.includes(this.socket.state.name);
  }
}
