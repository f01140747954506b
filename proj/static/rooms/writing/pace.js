// Keeps a long outbox below the server's rate limit, so that no frame is refused for it.
// A token bucket a little slower and smaller than the server's, which counts "typing" and "seen" as well.
const SHARE = 0.8;
const BURST_SECONDS = 2; // of the rate may be sent at once

export class Pace {
  #at = 0;

  /** `rate`: frames a second, 0 for no limit. */
  constructor(rate) {
    this.step = rate ? 1_000 / (rate * SHARE) : 0;
    this.slack = BURST_SECONDS * 1_000;
  }

  /** The earliest time of the next frame (ms since 1970). */
  next() {
    return this.#at - this.slack;
  }

  take() {
    this.#at = Math.max(this.#at, Date.now()) + this.step;
  }
}
