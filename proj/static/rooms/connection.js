// The line that says how the connection is, in words that a tired person understands.
import { say } from "./words.js";

const TONES = { "signed-out": "bad", "someone-else": "bad", "no-access": "bad", "no-room": "bad", misunderstood: "bad" };
const CALM = ["connecting", "catching-up", "live", "over"];
const HELP = { "signed-out": "sign-in", "someone-else": "reload", misunderstood: "reload", "no-access": "leave", "no-room": "leave" };

export class Connection {
  #told = "";
  #until = 0;

  constructor({ socket, log }) {
    this.socket = socket;
    this.log = log;
    this.line = document.getElementById("status");
    this.words = document.getElementById("connection");
    this.countdown = document.getElementById("countdown");
    this.button = document.getElementById("try-now");
    this.button.addEventListener("click", () => socket.tryNow());
    socket.addEventListener("state", () => this.show());
    log.addEventListener("moved", () => this.show());
    setInterval(() => this.#count(), 1_000);
  }

  /** Somebody else, called `name`, is signed in now. */
  set stranger(name) {
    this.name = name;
  }

  show() {
    const state = this.socket.state.name === "open" ? (this.log.missing || this.log.holding ? "catching-up" : "live") : this.socket.state.name;
    this.#until = this.socket.state.until ?? 0;
    // A try that follows trouble does not make the trouble go away: the words stay until it succeeds.
    const trying = state === "connecting" && this.#told && !CALM.includes(this.#told);
    if (!trying && state !== this.#told) this.#tell(state);
    this.line.dataset.state = state;
    this.button.hidden = !this.#until;
    this.#count(trying);
  }

  #tell(state) {
    this.#told = state;
    this.words.textContent = say(state, { name: this.name });
    const tone = TONES[state] ?? (CALM.includes(state) ? "" : "warn");
    if (tone) this.line.dataset.tone = tone;
    else delete this.line.dataset.tone;
    for (const id of ["sign-in", "leave", "reload"]) document.getElementById(id).hidden = HELP[state] !== id;
  }

  #count(trying = this.socket.state.name === "connecting" && !CALM.includes(this.#told)) {
    const seconds = Math.max(1, Math.ceil((this.#until - Date.now()) / 1_000));
    this.countdown.textContent = this.#until ? say("countdown", { n: seconds }) : trying ? say("connecting") : "";
  }
}
