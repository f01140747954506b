// Requests missing events with `resume`, and replaces a connection that does not answer.
const ANSWER_MS = 3_000;
const MAX_TRIES = 3;

export class CatchUp {
  #timer = 0;
  #asked = 0;
  #seq = 0;

  constructor(log, socket) {
    this.log = log;
    this.socket = socket;
    log.addEventListener("hole", () => this.#timer || this.ask());
    log.addEventListener("moved", () => log.missing || this.#done());
  }

  /** A replay is under way: ask only if it stops. */
  expect() {
    this.#done();
    if (this.log.missing) this.#wait();
  }

  ask() {
    this.#asked += 1;
    this.socket.send({ type: "resume", epoch: this.log.epoch, seq: this.log.seq });
    this.#wait();
  }

  #wait() {
    this.#seq = this.log.seq;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#check(), ANSWER_MS);
  }

  #check() {
    this.#timer = 0;
    if (!this.socket.open || !this.log.missing) return;
    if (this.log.seq > this.#seq || this.log.holding) {
      this.#asked = 0;
      this.#wait();
    } else if (this.#asked < MAX_TRIES) this.ask();
    else this.socket.reconnect();
  }

  #done() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#asked = 0;
  }
}
