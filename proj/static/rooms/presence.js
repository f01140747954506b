// Who is here.
import { count } from "./words.js";

export class Presence {
  constructor(menu) {
    this.menu = menu;
  }

  show(names, people = names.length) {
    this.menu.hidden = false;
    this.menu.querySelector("summary").textContent = count("here", people);
    const items = names.map((name) => {
      const item = document.createElement("li");
      const bdi = document.createElement("bdi");
      bdi.textContent = name;
      item.append(bdi);
      return item;
    });
    if (people > names.length) {
      const rest = document.createElement("li");
      rest.textContent = count("more", people - names.length);
      items.push(rest);
    }
    this.menu.querySelector("ul").replaceChildren(...items);
  }

  /** Without a connection nobody knows. */
  hide() {
    this.menu.hidden = true;
  }
}
