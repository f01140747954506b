// The room's log in this page: every event exactly once, in the order of `seq`.
// Dispatches "event" (detail: the event) for each applied event, "hole" when one before it is missing, "moved" when its
// numbers changed.
export class Log extends EventTarget {
  #ahead = new Map(); // events that wait for earlier ones
  #holding = false; // while the page reloads its state

  /** `seq` is the last event that the page shows, `known` the last one that the server has mentioned. */
  constructor({ epoch, seq }) {
    super();
    this.epoch = epoch;
    this.seq = seq;
    this.known = seq;
  }

  get missing() {
    return Math.max(0, this.known - this.seq);
  }

  get holding() {
    return this.#holding;
  }

  /** A connection begins, and the room's head is `seq`. The replay brings the waiting events again. */
  begin(seq) {
    this.#ahead.clear();
    this.#holding = false;
    this.known = seq;
    this.#moved();
  }

  head(seq) {
    this.known = Math.max(this.known, seq);
    if (this.missing && !this.#holding) this.#hole();
    this.#moved();
  }

  /** Take in an event; one that is here already changes nothing. */
  receive(event) {
    if (!this.#holding && event.seq <= this.seq) return;
    this.known = Math.max(this.known, event.seq);
    this.#ahead.set(event.seq, event);
    if (!this.#holding) this.#drain();
    this.#moved();
  }

  /** Hold all following events back until restart(). */
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
