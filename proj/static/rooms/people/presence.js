// The people who are here: a list beside the conversation, or behind a button on a narrow page.
import { face } from "./face.js";
import { call, called } from "./names.js";
import { local } from "../../shared/times.js";
import { count, say } from "../../shared/words.js";

export class Presence {
  constructor({ button, aside }) {
    Object.assign(this, { button, aside });
    this.title = aside.querySelector("h2");
    this.asOf = aside.querySelector(".as-of");
    this.list = aside.querySelector("ul");
  }

  show(names, people = names.length) {
    this.#outdated(false);
    this.button.hidden = this.title.hidden = false;
    const [, sign, words] = this.button.children;
    sign.textContent = people;
    words.textContent = this.title.textContent = count("here", people);
    const items = names.map((name) => {
      const item = document.createElement("li");
      const who = document.createElement("bdi");
      who.textContent = name;
      item.append(face(name, called(name)), who);
      call(who);
      return item;
    });
    if (people > names.length) {
      const rest = document.createElement("li");
      rest.textContent = count("more", people - names.length);
      items.push(rest);
    }
    this.list.replaceChildren(...items);
  }

  /** Without a connection the list stays as it was at this moment, and says so. */
  lost() {
    if (this.title.hidden || !this.asOf.hidden) return; // there was no list, or it is out of date already
    this.asOf.textContent = say("as-of", { time: local(new Date()) });
    this.#outdated(true);
  }

  #outdated(outdated) {
    this.asOf.hidden = !outdated;
    for (const part of [this.aside, this.button]) part.classList.toggle("outdated", outdated);
  }
}
