// `/run web1 version=1.4` starts a run that this room shows, and `/cancel web1` ends it; `//run` is a message that begins with
// `/run`. A refusal is shown at the composer, and the text is put back.
import { say } from "../../shared/words.js";

const COMMAND = /^\/(run|cancel)(?:\s+|$)/;
const NONE = /^\/\/(?:run|cancel)/;
const WORDS = {
  run: { doing: "starting", refused: "not-started" },
  cancel: { doing: "canceling", refused: "not-canceled" },
};

export class Commands {
  constructor({ composer, line, room, urls }) {
    Object.assign(this, { composer, line, room, urls });
    composer.addEventListener("typing", () => this.#say(""));
  }

  /** Return the message in this text, or null when it is a command, which is then run. */
  take(text) {
    if (NONE.test(text)) return text.slice(1);
    const [found, verb] = COMMAND.exec(text) ?? [];
    if (!found || !this.urls[verb]) return text;
    this.#do(verb, text, text.slice(found.length));
    return null;
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
      this.#say(told.detail ?? "");
    } catch (error) {
      this.composer.restore(text);
      // without an answer the outcome is unknown
      const unknown = error instanceof TypeError || error.name === "TimeoutError";
      this.#say(unknown ? say("perhaps-not-started") : say(words.refused, { reason: error.message }), true);
    }
  }

  #say(words, refused = false) {
    this.line.classList.toggle("bad", refused);
    this.line.textContent = words;
    this.line.hidden = !words;
  }
}
