// The line that shows the state of the connection in words, with the way out of it (try now, sign in, reload, leave).
import { later } from "./later.js";
import { say } from "./words.js";

const CALM = ["connecting", "catching-up", "live", "over"];
const HELP = { "signed-out": "sign-in", "someone-else": "reload", misunderstood: "reload", "no-access": "leave", "no-room": "leave" };
const BRIEF_MS = 1_000; // shorter states are not read out, shorter waits not counted down

const signIn = later((retry) => import(`./sign_in.js${retry}`));

export class Connection {
  #told = "";
  #until = 0;
  #timer = 0;
  #alarmed = false; // trouble was read out, and its end was not
  #out = false; // signed out, and not signed in since

  /** `log` ({missing, holding}; dispatches "moved") is the live part of the page. */
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
    this.#until = wait > BRIEF_MS ? until : 0;
    // The words about a trouble stay until a try succeeds.
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
    const said = say(state, { name: this.socket.state.who, me: this.me });
    this.words.textContent = said;
    if (tone) this.line.dataset.tone = tone;
    else delete this.line.dataset.tone;
    this.#stay(tone === "warn");
    for (const way of this.help) way.hidden = HELP[state] !== way.id;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#announce(state, said), BRIEF_MS);
  }

  // During a trouble the line is as high as with all its parts, so that tries do not move the page.
  #stay(trouble) {
    const { style } = this.line;
    style.minHeight = "";
    if (!trouble) return;
    this.button.hidden = false;
    this.countdown.textContent = say("countdown", { n: 30 });
    style.minHeight = `${this.line.offsetHeight}px`; // show() sets the real content
  }

  // Read out each trouble once, and its end once; nothing for the tries between.
  #announce(state, said) {
    const calm = CALM.includes(state);
    if (state === "over" || !calm || (state === "live" && this.#alarmed)) this.announcer.textContent = said;
    if (state === "live" || !calm) this.#alarmed = !calm;
  }

  #count(trying = this.socket.state.name === "connecting" && !CALM.includes(this.#told)) {
    const seconds = Math.max(1, Math.ceil((this.#until - Date.now()) / 1_000));
    this.countdown.textContent = this.#until ? say("countdown", { n: seconds }) : trying ? say("connecting") : "";
  }

  // Sign in in place, unless the click asks for another tab. Without a network the line will show that.
  async #signIn(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const dialog = await signIn();
    if (dialog) dialog.open({ address: event.target.href, me: this.me });
    else this.socket.tryNow();
  }
}
