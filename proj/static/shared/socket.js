// The page's WebSocket: opens it, reopens it when it is lost, and knows why it is closed.
// Dispatches "frame" (detail: the frame) and "state" (detail: the state, see below).
import { backoff, jitter } from "./backoff.js";

const PROTOCOL = "signalbox.v1";
const SILENCE_MS = 45_000; // the server sends a frame every 20 s
const HANDSHAKE_MS = 15_000; // a longer handshake is given up
const STEADY_MS = 10_000; // a connection that lasted this long resets the backoff

// The server spreads the reconnects of its browsers: `retry_after=1.7` (seconds) in the close reason.
const asked = (reason) => 1_000 * (/^retry_after=(\d+(\.\d+)?)$/.exec(reason)?.[1] ?? 1);

const lost = () => ({ name: navigator.onLine ? "offline" : "no-network", wait: backoff });

// The state for each close code (docs/protocol.md), and the wait in milliseconds by the number of tries and the close
// reason. Without a wait the page does not reconnect.
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

// A person may have signed in again in another tab.
const OTHER_PERSON = ["signed-out", "someone-else"];

/** States: {name, until?, wait?, who?}. With `until` (ms since 1970, `wait` ms after the state began) the next try comes by
 *  itself. All others but "connecting" and "open" stay until a person acts. "someone-else": `who` is signed in. */
export class Socket extends EventTarget {
  #address;
  #me;
  #socket = null;
  #tries = 0;
  #welcomed = 0;
  #heard = 0;
  #timer = 0;
  state = { name: "connecting" };

  /** `address()` returns the address for each try. The page belongs to `me`: no frame for another person comes in. */
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

  /** Send `frame` if the server has sent its welcome. Return whether it was sent. */
  send(frame) {
    if (!this.open || this.#socket.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** Connect now, unless there is a connection or a try. */
  tryNow() {
    if (this.#socket) return;
    clearTimeout(this.#timer);
    this.#become({ name: "connecting" });
    const url = new URL(this.#address(), location.href);
    url.protocol = url.protocol.replace("http", "ws"); // older browsers take no http: here
    const socket = new WebSocket(url, PROTOCOL);
    this.#socket = socket;
    this.#heard = Date.now();
    socket.addEventListener("message", (event) => socket === this.#socket && this.#receive(event.data));
    socket.addEventListener("close", (event) => socket === this.#socket && this.#drop(CLOSED[event.code] ?? lost(), event.reason));
    this.#timer = setTimeout(() => this.reconnect(), HANDSHAKE_MS);
  }

  /** Close this connection, which does not work, and open another one. */
  reconnect() {
    this.#drop(lost());
  }

  /** Close the connection for good, for the reason `name`. */
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
    if (this.#welcomed && Date.now() - this.#welcomed > STEADY_MS) this.#tries = 0;
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

  // A try may succeed now: the network is back, or the page is shown again.
  #nudge() {
    this.#watch();
    if (this.state.until || OTHER_PERSON.includes(this.state.name)) this.tryNow();
  }

  // A lost network closes no socket, and a laptop that slept missed the close.
  #watch() {
    if (this.#socket && Date.now() - this.#heard > SILENCE_MS) this.reconnect();
  }

  #become(state) {
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: state }));
  }
}
