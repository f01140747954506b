// Completes people after "@" (found by both their names), rooms after "#", emoji after ":", and commands.
import { later } from "../../shared/later.js";
import { face } from "../people/face.js";
import { called } from "../people/names.js";
import { say } from "../../shared/words.js";

const EMOJI = /(?:^|[\s(]):(?<typed>[\p{L}\p{M}\p{N}_.+-]{0,40})$/u;
const part = document.getElementById("completion-part").content.querySelector("li");
const COMMAND = /^\/(run|cancel)\s/;
const BEGUN = /^\/(?<typed>\p{L}*)$/u; // a command
const MAX_SHOWN = 8;
const MIN_CHARACTERS = 2; // characters of an emoji's name, so that 12:30 and ":)" are left alone

export class Complete {
  #emoji = null; // {name: character}, loaded when first needed
  #start = 0; // position of the word's mark in the text

  constructor({ field, list, people, urls }) {
    Object.assign(this, { field, list, people, urls });
    this.typed = later((retry) => import(`../people/typed.js${retry}`));
    this.services = later((retry) => import(`./services.js${retry}`), ({ Services }) => new Services(urls.services));
    field.addEventListener("input", () => this.#look());
    field.addEventListener("blur", () => this.#close());
    field.addEventListener("keydown", (event) => this.#key(event), { capture: true });
    list.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
    list.addEventListener("click", ({ target }) => this.#take(target.closest("li")));
    this.#look(); // for the text that was written while this module was loaded
  }

  get #before() {
    return this.field.value.slice(0, this.field.selectionStart);
  }

  async #look() {
    const before = this.#before;
    const { typed, found, mark } = (await this.#offers(before)) ?? {};
    if (before !== this.#before) return;
    if (found) this.#show(before, typed, found, mark);
    else this.#close();
  }

  // The end of `before` that can be completed, and the completions.
  async #offers(before) {
    const command = COMMAND.test(before) && (await (await this.services())?.complete(before));
    if (command) return { ...command, mark: 0 };
    const begun = BEGUN.exec(before)?.groups.typed;
    if (begun !== undefined) return { typed: begun, found: commands(begun) };
    const { typed } = EMOJI.exec(before)?.groups ?? {};
    if (typed?.length >= MIN_CHARACTERS) {
      await this.#load();
      return { typed, found: this.#emojis(typed) };
    }
    if (!/[@＠#]/.test(before)) return null;
    const { typedNames, typedRoom } = (await this.typed()) ?? {};
    const room = typedRoom?.(before);
    if (room) return { typed: room, found: rooms(room) };
    return typedNames?.(before).map((name) => ({ typed: name, found: people(this.people, name) })).find(({ found }) => found.length);
  }

  async #load() {
    if (this.#emoji) return;
    try {
      this.#emoji = await (await fetch(this.urls.emoji, { signal: AbortSignal.timeout(5_000) })).json();
    } catch {
      // the next key tries again
    }
  }

  #emojis(typed) {
    const emoji = this.#emoji ?? {};
    return having(Object.keys(emoji), typed).map((name) => ({ name, text: `:${name}:`, sign: emoji[name] }));
  }

  #show(before, typed, found, mark = 1) {
    this.#start = before.length - typed.length - mark;
    const items = found.slice(0, MAX_SHOWN).map(({ name, text, sign = "", about = "" }, n) => {
      const item = part.cloneNode(true);
      item.id = `completion-${n}`;
      item.dataset.text = text;
      item.querySelector(".sign").append(sign);
      item.querySelector(".name").textContent = name;
      item.querySelector(".about").textContent = about;
      return item;
    });
    if (!items.length) {
      this.#close();
      return;
    }
    this.list.replaceChildren(...items);
    this.list.hidden = false;
    this.#select(items[0]);
  }

  #key(event) {
    if (this.list.hidden || event.isComposing) return;
    const items = [...this.list.children];
    const at = items.findIndex((item) => item.ariaSelected === "true");
    if (event.key === "ArrowDown") this.#select(items[(at + 1) % items.length]);
    else if (event.key === "ArrowUp") this.#select(items.at((at - 1) % items.length));
    else if ((event.key === "Enter" && !event.shiftKey) || event.key === "Tab") this.#take(items[at]);
    else if (event.key === "Escape") this.#close();
    else return;
    event.preventDefault();
    event.stopImmediatePropagation(); // Enter does not send, the arrow does not edit
  }

  #select(item) {
    for (const other of this.list.children) other.ariaSelected = other === item ? "true" : "false";
    this.field.setAttribute("aria-activedescendant", item.id);
  }

  #take(item) {
    if (!item) return;
    const { text } = item.dataset;
    this.field.setRangeText(text.endsWith("=") ? text : `${text} `, this.#start, this.field.selectionStart, "end");
    this.#close();
    this.field.dispatchEvent(new Event("input"));
  }

  #close() {
    this.list.hidden = true;
    this.list.replaceChildren();
    this.field.removeAttribute("aria-activedescendant");
  }
}

// A whole command is offered too, if words may follow: Enter goes on to them.
function commands(typed) {
  const known = ["run", "cancel", "help"].filter((verb) => verb.startsWith(typed.toLowerCase()) && typed !== "help");
  return known.map((verb) => ({ name: `/${verb}`, text: `/${verb}`, about: say(`command.${verb}`) }));
}

function people(all, typed) {
  return having(all, typed, called).map((who) => {
    const name = called(who);
    return { name: name || who, about: name && who, text: `@${who}`, sign: face(who, who === "here" ? "@" : name) };
  });
}

// The rooms beside the page.
function rooms(typed) {
  const names = [...document.querySelectorAll("a.place[data-room] .name")].map((name) => name.textContent);
  return having(names, typed).map((name) => ({ name, text: `#${name}`, sign: "#" }));
}

// First the names with a word that begins with `typed`, then those that contain it; `other` gives a second name of each.
function having(all, typed, other = () => "") {
  const wanted = typed.normalize("NFC").toLowerCase();
  const rank = (name) => {
    const words = ` ${name} ${other(name)}`.toLowerCase();
    return words.includes(` ${wanted}`) ? 0 : words.includes(wanted) ? 1 : 2;
  };
  const ranked = all.map((name) => [rank(name), name]).filter(([at]) => at < 2);
  return ranked.sort(([a], [b]) => a - b).map(([, name]) => name);
}
