// The room's log as this page holds it: every event exactly once, in the order of `seq`.
// Tells "event" (detail: the event) for each that is applied, "hole" when one before it is missing, "moved" when
// what is held or known changed.
export class Log extends EventTarget {
  #ahead = new Map(); // events that wait for the ones before them
  #holding = false; // while the page loads its state anew

  /** `seq` is the last event that the page shows, `known` the last one that there is, as far as we heard. */
  constructor({ epoch, seq }) {
    super();
    this.epoch = epoch;
    this.seq = seq;
    this.known = seq;
  }

  /** How many events are known to be missing. */
  get missing() {
    return Math.max(0, this.known - this.seq);
  }

  get holding() {
    return this.#holding;
  }

  /** A connection begins, and the room's head is `seq`. What was ahead comes again in the replay. */
  begin(seq) {
    this.#ahead.clear();
    this.#holding = false;
    this.known = seq;
    this.#moved();
  }

  /** The room's head is `seq`. */
  head(seq) {
    this.known = Math.max(this.known, seq);
    if (this.missing && !this.#holding) this.#hole();
    this.#moved();
  }

  /** Take in an event; those held already change nothing. */
  receive(event) {
    if (!this.#holding && event.seq <= this.seq) return;
    this.known = Math.max(this.known, event.seq);
    this.#ahead.set(event.seq, event);
    if (!this.#holding) this.#drain();
    this.#moved();
  }

  /** Keep back what comes from now on, until restart(). */
  hold() {
    this.#ahead.clear();
    this.#holding = true;
  }

  /** The page shows the room as it was at `seq`, or a little later. */
  restart({ epoch, seq }) {
    this.epoch = epoch;
    this.seq = seq;
    this.known = Math.max(seq, ...this.#ahead.keys());
    this.#holding = false;
    for (const held of [...this.#ahead.keys()]) if (held <= seq) this.#ahead.delete(held);
    this.#drain();
    this.#moved();
  }

  #drain() {
    for (;;) {
      const event = this.#ahead.get(this.seq + 1);
      if (!event) break;
      this.#ahead.delete(event.seq);
      this.seq = event.seq;
      this.dispatchEvent(new CustomEvent("event", { detail: event }));
    }
    if (this.#ahead.size) this.#hole();
  }

  #hole() {
    this.dispatchEvent(new Event("hole"));
  }

  #moved() {
    this.dispatchEvent(new Event("moved"));
  }
}
