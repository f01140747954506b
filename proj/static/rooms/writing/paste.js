// Pasted text is often a log: offers to put it into a code block, and to send a long one as several messages.
import { count, say } from "../../shared/words.js";

const LOG_LINES = 6; // a paste with so many looks like a log
const MAX_MESSAGES = 20; // from one text

export class Paste {
  #pasted = ""; // as it is in the field, while it can become a block

  constructor({ offer, composer, characters }) {
    Object.assign(this, { offer, composer, characters, field: composer.field });
    this.words = offer.querySelector("p");
    this.field.addEventListener("input", () => this.#show());
    composer.addEventListener("send", () => this.#show());
    offer.addEventListener("click", ({ target }) => this.#clicked(target.dataset.do));
    this.#show();
  }

  /** `text` was pasted: it is in the field now, or soon. */
  take(text) {
    const clean = text.replace(/\r\n?/g, "\n");
    const looksLikeLog = clean.trim().split("\n").length >= LOG_LINES && !/^(```|~~~)/m.test(clean);
    this.#pasted = looksLikeLog || clean.length > this.characters ? clean : "";
    this.#show();
  }

  #show() {
    const { value } = this.field;
    const pasted = this.#pasted !== "" && value.includes(this.#pasted);
    const over = value.length > this.characters && [...value].length > this.characters;
    const n = over ? split(value, this.characters).length : 0;
    this.offer.hidden = !pasted && !over;
    if (this.offer.hidden) return;
    this.#button("block").hidden = !pasted;
    this.#button("split").hidden = !over || n > MAX_MESSAGES;
    this.#button("split").textContent = count("split", n);
    const words = over ? (n > MAX_MESSAGES ? say("paste-far-too-long") : say("paste-too-long")) : say("paste-log");
    if (this.words.textContent !== words) this.words.textContent = words;
  }

  #button(verb) {
    return this.offer.querySelector(`[data-do="${verb}"]`);
  }

  #clicked(verb) {
    if (!verb) return;
    const { value } = this.field;
    const pasted = this.#pasted;
    this.#pasted = "";
    if (verb === "block") this.#fill(value.replace(pasted, () => block(pasted, value.startsWith(pasted) ? "" : "\n")));
    else if (verb === "split") {
      this.#fill("");
      // a part that begins with a slash is no command
      for (const part of split(value, this.characters)) this.composer.dispatchEvent(new CustomEvent("post", { detail: part }));
    } else this.offer.hidden = true;
    this.field.focus();
  }

  #fill(text) {
    this.field.value = text;
    this.field.dispatchEvent(new Event("input"));
  }
}

// A fence that nothing in the text can close.
function block(text, before) {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${before}${fence}\n${text.replace(/\n+$/, "")}\n${fence}\n`;
}

/** `text` as messages of at most `most` characters, cut at ends of lines; a code block goes on as one in each. */
export function split(text, most) {
  const fenced = /^(`{3,})\n([\s\S]*)\n\1\s*$/.exec(text);
  const [open, close] = fenced ? [`${fenced[1]}\n`, `\n${fenced[1]}`] : ["", ""];
  const room = most - open.length - close.length;
  const parts = [];
  let rest = [...(fenced?.[2] ?? text)];
  while (rest.length) {
    const end = rest.length > room ? rest.lastIndexOf("\n", room) : rest.length;
    const at = end > 0 ? end : room;
    const part = rest.slice(0, at).join("");
    if (part.trim()) parts.push(open + part + close);
    rest = rest.slice(rest[at] === "\n" ? at + 1 : at);
  }
  return parts;
}
