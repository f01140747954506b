// The line that says how the connection is, in words that a tired person understands; and the way back from what it says.
import { later } from "./later.js";
import { say } from "./words.js";

const CALM = ["connecting", "catching-up", "live", "over"];
const HELP = { "signed-out": "sign-in", "someone-else": "reload", misunderstood: "reload", "no-access": "leave", "no-room": "leave" };
const SETTLED = 1_000; // a state that is over sooner is not read out, and a shorter wait not counted down

const signIn = later((retry) => import(`./sign_in.js${retry}`));

export class Connection {
  #told = "";
  #until = 0;
  #timer = 0;
  #alarmed = false; // trouble was read out, and not yet that it is over
  #out = false; // signed out, and not yet in again

  /** `log` ({missing, holding}; tells "moved") is what the page shows live. A page without one has a line only for what ends it. */
  constructor({ socket, me, log = null }) {
    Object.assign(this, { socket, me, log });
    const byId = (id) => document.getElementById(id);
    this.line = byId("status");
    this.words = byId("connection");
    this.announcer = byId("announced");
    this.countdown = byId("countdown");
    this.button = byId("try-now");
    this.help = ["sign-in", "leave", "reload"].map(byId).filter(Boolean);
    this.button.addEventListener("click", () => socket.tryNow());
    byId("sign-in").addEventListener("click", (event) => this.#signIn(event));
    socket.addEventListener("state", () => this.show());
    log?.addEventListener("moved", () => this.show());
    setInterval(() => this.#count(), 1_000);
    this.show();
  }

  show() {
    const { name, until = 0, wait = 0 } = this.socket.state;
    const state = name !== "open" ? name : this.log?.missing || this.log?.holding ? "catching-up" : "live";
    this.#until = wait > SETTLED ? until : 0;
    // A try that follows trouble does not make the trouble go away: the words stay until it succeeds.
    const trying = state === "connecting" && this.#told && !CALM.includes(this.#told);
    if (!trying && state !== this.#told) this.#tell(state);
    this.line.dataset.state = state;
    this.button.hidden = !this.#until;
    this.#count(trying);
  }

  #tell(state) {
    this.#told = state;
    this.#out ||= state === "signed-out";
    if (this.#out && this.socket.open) {
      this.#out = false;
      signIn().then((dialog) => dialog?.done());
    }
    const tone = HELP[state] ? "bad" : CALM.includes(state) ? "" : "warn";
    const said = this.log || tone === "bad" ? say(state, { name: this.socket.state.who, me: this.me }) : "";
    this.words.textContent = said;
    if (tone) this.line.dataset.tone = tone;
    else delete this.line.dataset.tone;
    this.#stay(tone === "warn");
    for (const way of this.help) way.hidden = HELP[state] !== way.id;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#announce(state, said), SETTLED);
  }

  // While trouble lasts the line is as high as with all that may stand in it: tries that come and go move nothing on the page.
  #stay(trouble) {
    const { style } = this.line;
    style.minHeight = "";
    if (!trouble) return;
    this.button.hidden = false;
    this.countdown.textContent = say("countdown", { n: 30 });
    style.minHeight = `${this.line.offsetHeight}px`; // show() says what there really is
  }

  // Each trouble once, and once that it is over. What is on its way to be well again says nothing.
  #announce(state, said) {
    const calm = CALM.includes(state);
    if (state === "over" || !calm || (state === "live" && this.#alarmed)) this.announcer.textContent = said;
    if (state === "live" || !calm) this.#alarmed = !calm;
  }

  #count(trying = this.socket.state.name === "connecting" && !CALM.includes(this.#told)) {
    const seconds = Math.max(1, Math.ceil((this.#until - Date.now()) / 1_000));
    this.countdown.textContent = this.#until ? say("countdown", { n: seconds }) : trying ? say("connecting") : "";
  }

  // In place, where the browser is not asked for another tab. Without a network the line comes to say that.
  async #signIn(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const dialog = await signIn();
    if (dialog) dialog.open({ address: event.target.href, me: this.me });
    else this.socket.tryNow();
  }
}
