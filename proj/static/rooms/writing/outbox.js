// This person's frames without an acknowledgement, kept in the browser. One is sent at a time, so they arrive in order.
// All tabs of a person in a room show the same outbox. Another tab than the frame's own sends it after TAKE_OVER_MS.
import { uuid } from "./ids.js";
import { Pace } from "./pace.js";
import { forget, keep, kept, keysOf, onOtherTab, tabName } from "../../shared/store.js";

const RESEND_MS = [5_000, 10_000, 20_000, 30_000]; // without an acknowledgement
const TAKE_OVER_MS = 10_000; // frames of another tab are sent after so long

// An item has the `frame`, `at` (its time in ms since 1970), its `tab`, `failed` (the reason of a refusal), `code` (the
// protocol's code of it), and `stored` (the seq of its event, until the event is here).
export class Outbox extends EventTarget {
  #send = null;
  #pace = new Pace(0);
  #waiting = null; // the client_id of the next acknowledgement
  #tries = 0; // sends of that frame on this connection
  #sentAt = 0;
  #pausedUntil = 0;
  #timer = 0;
  #last = 0;

  constructor({ room, me }) {
    super();
    this.prefix = `signalbox:outbox:${JSON.stringify([me, room])}:`;
    this.tab = tabName(uuid);
    this.items = new Map();
    for (const key of keysOf(this.prefix)) this.#take(key, kept(key));
    this.#sort();
    onOtherTab(this.prefix, (key, value) => {
      this.#take(key, value);
      this.#sort();
      this.#changed();
    });
  }

  /** Add `frame` ({type, ...} without client_id). */
  add(frame) {
    const client_id = uuid();
    this.#last = Math.max(Date.now(), this.#last + 1);
    const item = { frame: { ...frame, client_id }, at: this.#last, tab: this.tab };
    this.items.set(client_id, item);
    this.#keep(item);
    this.#changed();
  }

  /** Use a connection: `send(frame)` sends, at most `rate` a second (0: without a limit). null: there is none. */
  connected(send, rate = 0) {
    this.#send = send;
    this.#pace = new Pace(rate);
    this.#waiting = null;
    this.#pausedUntil = 0;
    this.#changed();
  }

  /** The item's state: "failed", "waiting" (for a connection), "paused", "unconfirmed" or "sending". */
  state(item) {
    if (item.failed) return "failed";
    if (!this.#send) return "waiting";
    if (this.#pausedUntil > Date.now()) return "paused";
    return item.frame.client_id === this.#waiting && this.#tries > 1 ? "unconfirmed" : "sending";
  }

  /** The event with this client_id is on the page: it is stored for good. */
  acknowledge(client_id) {
    if (!this.items.delete(client_id)) return;
    forget(this.prefix + client_id);
    this.#changed();
  }

  /** The server stored it as event `seq`, which is not on the page yet; settle() removes the item. */
  stored(client_id, seq) {
    const item = this.items.get(client_id);
    if (!item) return;
    item.stored = seq;
    forget(this.prefix + client_id);
    this.#changed();
  }

  settle(seq) {
    for (const [client_id, item] of this.items) if (item.stored && item.stored <= seq) this.acknowledge(client_id);
  }

  /** The server refused it with the frame `error`. Without retry_after the refusal is final. */
  refuse(client_id, error) {
    // an error without a client_id may be about another frame of this page, except these
    const mine = error.retry_after !== undefined || error.code === "too_large";
    const item = this.items.get(client_id ?? (mine ? this.#waiting : undefined));
    if (!item) return;
    if (error.retry_after === undefined) {
      item.failed = error.detail;
      item.code = error.code;
      this.#keep(item);
    } else {
      this.#pausedUntil = Date.now() + error.retry_after * 1_000;
      this.#waiting = null;
    }
    this.#changed();
  }

  retry(client_id) {
    const item = this.items.get(client_id);
    if (!item) return;
    delete item.failed;
    delete item.code;
    item.tab = this.tab;
    this.#keep(item);
    this.#changed();
  }

  discard(client_id) {
    this.acknowledge(client_id);
  }

  #changed() {
    this.#pump();
    this.dispatchEvent(new Event("change"));
  }

  // Send the oldest item if it is due, and set the timer for the next one. May be called at any time.
  #pump() {
    clearTimeout(this.#timer);
    const next = [...this.items.values()].find((item) => !item.failed && !item.stored);
    if (!this.#send || !next) return;
    if (next.frame.client_id !== this.#waiting) {
      this.#waiting = next.frame.client_id;
      this.#tries = 0;
    }
    const now = Date.now();
    if (this.#due(next, now) <= now) {
      this.#pace.take();
      this.#send(next.frame);
      this.#sentAt = now;
      this.#tries += 1;
    }
    this.#timer = setTimeout(() => this.#changed(), Math.max(20, this.#due(next, now) - now));
  }

  #due(item, now) {
    const theirs = item.tab === this.tab ? 0 : Math.min(item.at, now) + TAKE_OVER_MS;
    const again = this.#tries ? this.#sentAt + RESEND_MS[Math.min(this.#tries, RESEND_MS.length) - 1] : 0;
    return Math.max(theirs, again, this.#pausedUntil, this.#pace.next());
  }

  #keep(item) {
    const { frame, at, tab, failed, code } = item;
    keep(this.prefix + frame.client_id, JSON.stringify({ frame, at, tab, failed, code }));
  }

  #take(key, value) {
    const client_id = key.slice(this.prefix.length);
    try {
      const item = JSON.parse(value);
      if (item?.frame?.client_id === client_id) {
        this.items.set(client_id, item);
        return;
      }
    } catch {
      // not ours: treat it as deleted
    }
    this.items.delete(client_id);
  }

  #sort() {
    this.items = new Map([...this.items].sort(([, a], [, b]) => a.at - b.at));
  }
}
