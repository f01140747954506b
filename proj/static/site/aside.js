// A socket as Connection shows it on pages that show nothing live, and on those of ended runs: a trouble is shown when it has
// lasted for a while, because the page may be out of date then.

const LATE_MS = 5_000; // shorter troubles are not shown
// The words for each trouble.
const AWAY = {
  offline: "away.offline",
  busy: "away.offline",
  "too-fast": "away.offline",
  "too-slow": "away.offline",
  "no-network": "away.no-network",
  restarting: "away.restarting",
};

export class Aside extends EventTarget {
  #trouble = AWAY.offline; // the last trouble
  #shown = false; // a trouble is shown; the next state follows at once
  #grace = 0; // the timer until a trouble is shown
  #stale = false;

  /** `socket` is shown as it is until its state is "over"; from then on, `rest` is shown. Without `rest` nothing is live. */
  constructor(socket, rest = null) {
    super();
    Object.assign(this, { socket, rest });
    for (const each of [socket, rest]) each?.addEventListener("state", () => this.#look());
    this.#look();
  }

  /** Whether the page could not be refreshed. */
  set stale(stale) {
    this.#stale = stale;
    this.#look();
  }

  get open() {
    return this.#current.open;
  }

  tryNow() {
    this.#current.tryNow();
  }

  get #current() {
    return this.rest && this.socket.state.name === "over" ? this.rest : this.socket;
  }

  #look() {
    const { state } = this.#current;
    this.#become(this.rest && this.#current === this.socket ? state : this.#patient(state));
  }

  #become(state) {
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }

  #patient(state) {
    const { name } = state;
    const fine = { name: this.rest ? "over" : "open" };
    if (name === "open") {
      clearTimeout(this.#grace);
      this.#grace = 0;
      this.#shown = this.#stale;
      return this.#stale ? { name: "away.stale" } : fine;
    }
    if (name !== "connecting" && !AWAY[name]) {
      this.#shown = true;
      return state; // only a person can end it
    }
    this.#trouble = AWAY[name] ?? this.#trouble;
    if (this.#shown) return name === "connecting" ? state : { ...state, name: this.#trouble };
    this.#grace ||= setTimeout(() => {
      this.#shown = true;
      this.#become({ ...this.#current.state, name: this.#trouble });
    }, LATE_MS);
    return fine;
  }
}
