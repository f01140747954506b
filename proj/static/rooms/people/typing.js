// The people who are writing now; and the frames that report this person's own writing.
import { spoken } from "./names.js";
import { count, list } from "../../shared/words.js";

const INTERVAL_MS = 2_500; // between two frames; the server passes on one in 2 s
const FADE_MS = 6_000; // after which a person has stopped, without a word

export class Typing {
  #told = 0;
  #who = new Map();

  constructor({ line, composer, socket, me }) {
    Object.assign(this, { line, socket, me });
    composer.addEventListener("typing", () => this.#tell());
    composer.addEventListener("emptied", () => this.end());
  }

  hear({ who, stopped }) {
    if (who === this.me) return;
    this.stop(who);
    if (stopped) return;
    this.#who.set(who, setTimeout(() => this.stop(who), FADE_MS));
    this.#show();
  }

  /** `who` has posted, or has stopped. */
  stop(who) {
    clearTimeout(this.#who.get(who));
    if (this.#who.delete(who)) this.#show();
  }

  /** This person writes no more. */
  end() {
    if (Date.now() - this.#told < FADE_MS) this.socket.send({ type: "typing", stopped: true });
    this.#told = 0;
  }

  /** This person has posted: that ends it for the others. */
  posted() {
    this.#told = 0;
  }

  #tell() {
    if (Date.now() - this.#told < INTERVAL_MS) return;
    if (this.socket.send({ type: "typing" })) this.#told = Date.now();
  }

  #show() {
    const names = [...this.#who.keys()].map(spoken);
    this.line.textContent = names.length ? count("typing", names.length, { names: list(names, 3) }) : "";
  }
}
