// The buttons of a message: one bar for the room, which moves to the message under the pointer, the focus or a finger.
import { local } from "../../shared/times.js";

const part = document.getElementById("toolbar-part").content.querySelector(".toolbar");

export function bar({ list, me }) {
  const moving = part.cloneNode(true);
  const to = ({ target, pointerType }) => {
    const item = target.closest(".message");
    if (pointerType === "touch" || !item?.querySelector(".text") || moving.parentElement === item) return;
    if (pointerType && moving.querySelector(":focus-visible")) return; // it is in use by keyboard
    name(moving, item, me);
    item.append(moving);
  };
  list.addEventListener("pointerover", to);
  list.addEventListener("focusin", to);
  list.addEventListener("click", ({ target }) => to({ target })); // a finger's, which pick.js shows
}

function name(moving, item, me) {
  const author = item.querySelector(".author").textContent;
  const who = item.querySelector(".called")?.textContent ?? author;
  const time = local(item.querySelector(".permalink > time").dateTime);
  for (const button of moving.querySelectorAll("button")) {
    const { label, emoji, of } = button.dataset;
    button.ariaLabel = label.replace("{who}", () => who).replace("{time}", time);
    button.hidden = of && (of === "me") !== (author === me);
    if (emoji) button.ariaPressed = reacted(item, emoji);
  }
}

function reacted(item, emoji) {
  const there = item.querySelector(`.reaction[data-emoji="${CSS.escape(emoji)}"]`);
  return there?.getAttribute("aria-pressed") ?? "false";
}
