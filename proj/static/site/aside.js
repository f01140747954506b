// The line about the connection on pages that show nothing live, and on those of ended runs. It shows a trouble when that
// has lasted for a while: the page may be out of date then.
import { CALM, Connection, HELP } from "../shared/connection.js";
import { say } from "../shared/words.js";

const LATE_MS = 5_000; // shorter troubles are not shown
const WORDED = ["no-network", "restarting", "stale"]; // troubles with words of their own

export class Aside extends Connection {
  #trouble = ""; // the last state of a trouble that has not ended
  #grace = 0; // the timer until the trouble is shown
  #late = false; // the trouble is shown
  #stale = false; // the page could not be refreshed

  /** As Connection. With a `log`, `rest` is the socket that stays when the log is over. */
  constructor({ rest = null, ...parts }) {
    super(parts);
    this.rest = rest;
    rest?.addEventListener("state", () => this.show());
  }

  /** The page could not be refreshed, or could. */
  set stale(stale) {
    if (stale === this.#stale) return;
    this.#stale = stale;
    this.show();
  }

  get current() {
    return this.rest && this.socket.state.name === "over" ? this.rest : this.socket;
  }

  get #live() {
    return this.log && this.current === this.socket;
  }

  state() {
    if (this.#live) return super.state();
    const { name } = this.current.state;
    const state = name === "open" ? (this.#stale ? "stale" : "live") : name;
    if (HELP[state]) return state;
    const fine = this.log ? "over" : "live";
    if (state === "live") {
      clearTimeout(this.#grace);
      this.#grace = 0;
      this.#late = false;
      return fine;
    }
    if (!CALM.includes(state)) this.#trouble = state;
    this.#late ||= state === "stale"; // the page has tried for long enough
    if (this.told && !CALM.includes(this.told)) return state; // a trouble is shown: the next state follows at once
    if (this.#late) return this.#trouble || "offline";
    this.#grace ||= setTimeout(() => {
      this.#late = true;
      this.show();
    }, LATE_MS);
    return fine;
  }

  say(state) {
    if (this.#live || HELP[state]) return super.say(state);
    if (CALM.includes(state)) return this.log ? super.say(state) : "";
    return say(`away.${WORDED.includes(state) ? state : "offline"}`);
  }
}
