// `/run web1 version=1.4` starts a run, heard of in this room; `//run` is a message that begins with `/run`.
// What is refused is said at the composer, and the text is there again.
import { say } from "./words.js";

const RUN = /^\/run(?:\s+|$)/;

export class Commands {
  #services = null; // what one may start, asked for when it is wanted
  #asking = null;

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

  /** What may follow this beginning of a command: {typed, found}; null when it is none. */
  async complete(before) {
    if (!/^\/run\s/.test(before)) return null;
    const services = await this.#load();
    const words = before.split(/\s+/).slice(1);
    const typed = words.at(-1);
    if (words.length === 1) {
      const all = services.map(({ uid, name }) => ({ name: uid, text: uid, about: name === uid ? "" : name }));
      return { typed, found: fitting(all, typed) };
    }
    const service = services.find(({ uid }) => uid === words[0]);
    const given = words.slice(1, -1).map((word) => word.split("=")[0]);
    const open = (service?.parameters ?? []).filter(({ name }) => !given.includes(name));
    const [name, value] = typed.split(/=(.*)/s);
    if (value !== undefined) {
      const values = open.find((one) => one.name === name)?.values ?? [];
      return { typed, found: fitting(values.map((one) => ({ name: one, text: `${name}=${one}` })), value) };
    }
    if (!typed && !open.some(({ needed }) => needed)) return { typed, found: [] };
    return { typed, found: fitting(open.map((one) => ({ name: one.name, text: `${one.name}=` })), typed) };
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

  async #load() {
    if (this.#services) return this.#services;
    this.#asking ??= fetch(this.urls.services, { signal: AbortSignal.timeout(5_000) }).then((answer) => answer.json());
    try {
      ({ services: this.#services } = await this.#asking);
    } catch {
      return []; // the next key asks again
    } finally {
      this.#asking = null;
    }
    return this.#services;
  }

  #say(words, refused = false) {
    this.line.classList.toggle("bad", refused);
    this.line.textContent = words;
    this.line.hidden = !words;
  }
}

// One that is written in full needs no completion: Enter is to send it.
function fitting(all, typed) {
  const wanted = typed.toLowerCase();
  return all.filter(({ name }) => name.toLowerCase().startsWith(wanted) && name !== typed);
}
