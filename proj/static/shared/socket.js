// The connection: opens it, opens it again when it is lost, and knows why it is not there.
// Tells "frame" (detail: the frame) and "state" (detail: the state, see below).
import { backoff, jitter } from "./backoff.js";

const PROTOCOL = "signalbox.v1";
const SILENCE = 45_000; // the server says something every 20 s
const OPENING = 15_000; // a handshake that takes longer is lost
const STEADY = 10_000; // a connection that lasted this long was a good one

// The server spreads the return of its browsers: `retry_after=1.7` (seconds) is this one's turn.
const asked = (reason) => 1_000 * (/^retry_after=(\d+(\.\d+)?)$/.exec(reason)?.[1] ?? 1);

const lost = () => ({ name: navigator.onLine ? "offline" : "no-network", wait: backoff });

// What close codes mean: the state to show, and the wait in milliseconds after so many tries, given the
// reason in the close frame (docs/protocol.md).
// Without a wait there is no use in coming back.
const CLOSED = {
  4400: { name: "misunderstood", wait: () => 60_000 },
  4401: { name: "signed-out" },
  4403: { name: "no-access" },
  4404: { name: "no-room" },
  4408: { name: "too-slow", wait: () => jitter(0, 500) },
  4429: { name: "too-fast", wait: () => 10_000 },
  1012: { name: "restarting", wait: (_, reason) => asked(reason) + jitter(0, 300) },
  1013: { name: "busy", wait: backoff },
};

// Somebody may have signed in again meanwhile.
const ANOTHERS = ["signed-out", "someone-else"];

/** States: {name, until?, wait?, who?}. "connecting" and "open" are under way; with `until` (ms since 1970, `wait` ms from
 *  its beginning) the next try comes by itself; the others stay until somebody acts. "someone-else": `who` is signed in. */
export class Socket extends EventTarget {
  #address;
  #me;
  #socket = null;
  #tries = 0;
  #welcomed = 0;
  #heard = 0;
  #timer = 0;
  state = { name: "connecting" };

  /** `address()` gives the address for each try, with what the page holds by then. The page is that of `me`, and no frame
   *  for another person comes in. */
  constructor(address, me) {
    super();
    this.#address = address;
    this.#me = me;
    setInterval(() => this.#watch(), 5_000);
    addEventListener("online", () => this.#nudge());
    addEventListener("offline", () => this.#socket && this.#drop(lost()));
    addEventListener("pageshow", (event) => event.persisted && this.#nudge());
    addEventListener("focus", () => this.#nudge());
    document.addEventListener("visibilitychange", () => document.hidden || this.#nudge());
    new BroadcastChannel("signalbox:signed-in").addEventListener("message", () => this.#nudge());
  }

  get open() {
    return this.state.name === "open";
  }

  /** Send `frame` if the server has welcomed us; says whether it went out. */
  send(frame) {
    if (!this.open || this.#socket.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** Connect, unless that is under way or done. */
  tryNow() {
    if (this.#socket) return;
    clearTimeout(this.#timer);
    this.#become({ name: "connecting" });
    const url = new URL(this.#address(), location.href);
    url.protocol = url.protocol.replace("http", "ws"); // older browsers want it said
    const socket = new WebSocket(url, PROTOCOL);
    this.#socket = socket;
    this.#heard = Date.now();
    socket.addEventListener("message", (event) => socket === this.#socket && this.#receive(event.data));
    socket.addEventListener("close", (event) => socket === this.#socket && this.#drop(CLOSED[event.code] ?? lost(), event.reason));
    this.#timer = setTimeout(() => this.reconnect(), OPENING);
  }

  /** Leave this connection, which does not do what it should, for another. */
  reconnect() {
    this.#drop(lost());
  }

  /** Stay away, for the reason `name`. */
  stop(name, who) {
    this.#drop({ name, who });
  }

  #receive(text) {
    this.#heard = Date.now();
    let frame;
    try {
      frame = JSON.parse(text);
    } catch {
      return;
    }
    if (frame.type === "welcome") {
      if (frame.you !== this.#me) {
        this.stop("someone-else", frame.you);
        return;
      }
      clearTimeout(this.#timer);
      this.#welcomed = Date.now();
      this.#become({ name: "open" });
    }
    this.dispatchEvent(new CustomEvent("frame", { detail: frame }));
  }

  #drop({ name, who, wait }, reason = "") {
    const socket = this.#socket;
    this.#socket = null;
    clearTimeout(this.#timer);
    if (socket && socket.readyState <= WebSocket.OPEN) socket.close();
    if (this.#welcomed && Date.now() - this.#welcomed > STEADY) this.#tries = 0;
    this.#welcomed = 0;
    if (!wait) {
      this.#become({ name, who });
      return;
    }
    const pause = wait(this.#tries, reason);
    this.#tries += 1;
    this.#timer = setTimeout(() => this.tryNow(), pause);
    this.#become({ name, wait: pause, until: Date.now() + pause });
  }

  // Something happened after which a try may succeed: the network is back, or a person looks at the page again.
  #nudge() {
    this.#watch();
    if (this.state.until || ANOTHERS.includes(this.state.name)) this.tryNow();
  }

  // A network that vanished says nothing, and a laptop that slept has slept through it.
  #watch() {
    if (this.#socket && Date.now() - this.#heard > SILENCE) this.reconnect();
  }

  #become(state) {
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: state }));
  }
}
