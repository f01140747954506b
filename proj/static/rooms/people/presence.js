// The people who are here: a list beside the conversation, or behind a button on a narrow page.
import { face } from "./face.js";
import { call, called } from "./names.js";
import { count } from "../../shared/words.js";

export class Presence {
  constructor({ button, aside }) {
    this.button = button;
    this.title = aside.querySelector("h2");
    this.list = aside.querySelector("ul");
    this.unknown = this.title.textContent;
  }

  show(names, people = names.length) {
    this.button.hidden = false;
    this.button.textContent = this.title.textContent = count("here", people);
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

  /** Without a connection the list is unknown. */
  hide() {
    this.button.hidden = true;
    this.title.textContent = this.unknown;
    this.list.replaceChildren();
  }
}
