// Who is writing just now; and telling the others that I am.
import { spoken } from "./names.js";
import { count, list } from "../../shared/words.js";

const TELL = 2_500; // at most this often; the server passes on one in 2 s
const FADE = 6_000; // after which somebody has stopped

export class Typing {
  #told = 0;
  #who = new Map();

  constructor({ line, composer, socket, me }) {
    Object.assign(this, { line, socket, me });
    composer.addEventListener("typing", () => this.#tell());
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
    const names = [...this.#who.keys()].map(spoken);
    this.line.textContent = names.length ? count("typing", names.length, { names: list(names, 3) }) : "";
  }
}
