// `/run web1 version=1.4` starts a run, heard of in this room; `//run` is a message that begins with `/run`.
// What is refused is said at the composer, and the text is there again.
import { say } from "./words.js";

const RUN = /^\/run(?:\s+|$)/;

export class Commands {
  constructor({ composer, line, room, urls }) {
    Object.assign(this, { composer, line, room, urls });
    composer.addEventListener("typing", () => this.#say(""));
  }

  /** What is to be said of this text: null when it is a command, which is then done. */
  take(text) {
    if (text.startsWith("//run")) return text.slice(1);
    if (!RUN.test(text) || !this.urls.start) return text;
    this.#start(text);
    return null;
  }

  async #start(text) {
    this.#say(say("starting"));
    const form = new FormData();
    form.set("room", this.room);
    form.set("line", text.replace(RUN, ""));
    const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
    try {
      const answer = await fetch(this.urls.start, {
        method: "POST",
        body: form,
        headers: { "X-CSRFToken": token },
        signal: AbortSignal.timeout(15_000),
      });
      if (answer.redirected) throw new Error(say("signed-out"));
      const told = answer.headers.get("Content-Type")?.includes("json") ? await answer.json() : {};
      if (!answer.ok) throw new Error(told.detail ?? answer.statusText);
      this.#say("");
    } catch (error) {
      this.composer.restore(text);
      // without an answer nobody knows whether it began
      const unknown = error instanceof TypeError || error.name === "TimeoutError";
      this.#say(unknown ? say("perhaps-not-started") : say("not-started", { reason: error.message }), true);
    }
  }

  #say(words, refused = false) {
    this.line.classList.toggle("bad", refused);
    this.line.textContent = words;
    this.line.hidden = !words;
  }
}
