// `/run web1 version=1.4` starts a run that this room shows, `/cancel web1` ends it, and `/help` lists the commands. Any other
// `/word` is refused: it is most often a mistyped one. `//word` is a message that begins with `/word`, and a path such as
// `/etc/hosts` is a message too. What is refused is put back.
import { say } from "../../shared/words.js";

const COMMAND = /^\/(\p{L}+)(?:\s+|$)/u;
const NONE = /^\/\/\p{L}+(?:\s|$)/u;
const SAID_MS = 15_000; // for which a success is shown, unless its run ends before
const WORDS = {
  run: { doing: "starting", refused: "not-started" },
  cancel: { doing: "canceling", refused: "not-canceled" },
};

export class Commands {
  #timer = 0;

  /** `list` has the messages, with the cards of runs; `button` posts what is no command. */
  constructor({ composer, line, button, list, room, urls }) {
    Object.assign(this, { composer, line, button, list, room, urls });
    composer.addEventListener("typing", () => this.#say(""));
    composer.addEventListener("emptied", () => this.#say(""));
    this.button.addEventListener("click", () => this.#post());
  }

  /** Return the message in this text, or null when it is a command, which is then run. */
  take(text) {
    if (NONE.test(text)) return text.slice(1);
    const [found, verb] = COMMAND.exec(text) ?? [];
    if (!found) return text;
    if (verb === "help") this.composer.restore("/"); // which lists them
    else if (Object.hasOwn(WORDS, verb) && this.urls[verb]) this.#do(verb, text, text.slice(found.length));
    else {
      this.composer.restore(text);
      this.#say(say("no-command", { command: `/${verb}` }), true);
      this.button.hidden = false;
    }
    return null;
  }

  #post() {
    const text = this.composer.take();
    this.#say("");
    this.composer.dispatchEvent(new CustomEvent("post", { detail: text }));
    this.composer.focus();
  }

  async #do(verb, text, line) {
    const words = WORDS[verb];
    this.#say(say(words.doing));
    const form = new FormData();
    form.set("room", this.room);
    form.set("line", line);
    const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
    try {
      const answer = await fetch(this.urls[verb], {
        method: "POST",
        body: form,
        headers: { "X-CSRFToken": token },
        signal: AbortSignal.timeout(15_000),
      });
      if (answer.redirected) throw new Error(say("signed-out"));
      const told = answer.headers.get("Content-Type")?.includes("json") ? await answer.json() : {};
      if (!answer.ok) throw new Error(told.detail ?? answer.statusText);
      this.#done(told.detail ?? "", `run:${told.run}`);
    } catch (error) {
      this.composer.restore(text);
      // without an answer the outcome is unknown
      const unknown = error instanceof TypeError || error.name === "TimeoutError";
      this.#say(unknown ? say("perhaps-not-started") : say(words.refused, { reason: error.message }), true);
    }
  }

  // The words go with the end of the run, which its card shows where the room has it.
  #done(words, card) {
    this.#say(words);
    if (!words) return;
    const until = Date.now() + SAID_MS;
    const shown = () => [...this.list.querySelectorAll(".event-card")].find((one) => one.dataset.card === card);
    this.#timer = setInterval(() => {
      if (shown() ? shown().querySelector("[data-ended]") : Date.now() > until) this.#say("");
    }, 500);
  }

  #say(words, refused = false) {
    clearInterval(this.#timer);
    this.line.classList.toggle("bad", refused);
    this.line.textContent = words;
    this.button.hidden = true;
    this.line.hidden = !words;
  }
}
