// Keeps a long outbox below the server's limit, instead of being told off for every message.
// A token bucket a little slower and smaller than the server's, which counts "typing" and "seen" as well.
const SHARE = 0.8;
const BURST = 2; // seconds of the rate that may go out at once

export class Pace {
  #at = 0;

  /** `rate`: frames a second, 0 for no limit. */
  constructor(rate) {
    this.step = rate ? 1_000 / (rate * SHARE) : 0;
    this.slack = BURST * 1_000;
  }

  /** When the next one may go out (ms since 1970), at the earliest. */
  next() {
    return this.#at - this.slack;
  }

  /** One goes out now. */
  take() {
    this.#at = Math.max(this.#at, Date.now()) + this.step;
  }
}
