// Who is writing just now; and telling the others that I am.
import { count, list } from "./words.js";

const TELL = 3_000; // at most this often
const FADE = 6_000; // after which somebody has stopped

export class Typing {
  #told = 0;
  #who = new Map();

  constructor({ line, composer, socket, me }) {
    Object.assign(this, { line, socket, me });
    composer.addEventListener("typing", () => this.#tell());
    composer.addEventListener("send", () => (this.#told = 0));
  }

  /** `who` is writing. */
  hear(who) {
    if (who === this.me) return;
    this.stop(who);
    this.#who.set(who, setTimeout(() => this.stop(who), FADE));
    this.#show();
  }

  /** `who` has said it, or has stopped. */
  stop(who) {
    clearTimeout(this.#who.get(who));
    if (this.#who.delete(who)) this.#show();
  }

  #tell() {
    if (Date.now() - this.#told < TELL) return;
    if (this.socket.send({ type: "typing" })) this.#told = Date.now();
  }

  #show() {
    const names = [...this.#who.keys()];
    this.line.textContent = names.length ? count("typing", names.length, { names: list(names, 3) }) : "";
  }
}
