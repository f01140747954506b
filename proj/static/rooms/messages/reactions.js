// Reactions to messages: shown below them, counted, with the names on hover.
import { spoken } from "../people/names.js";

const part = document.getElementById("reactions-part").content.querySelector(".reactions");

/** The element that shows {emoji: [names]} to `me`. */
export function reactions(all, me) {
  const group = part.cloneNode(true);
  const model = group.querySelector(".reaction");
  group.replaceChildren(
    ...Object.entries(all).map(([sign, names]) => {
      const button = model.cloneNode(true);
      button.dataset.emoji = button.firstElementChild.textContent = sign;
      button.dataset.names = names.join(" ");
      button.title = names.map(spoken).join(", ");
      button.setAttribute("aria-pressed", names.includes(me));
      button.lastElementChild.textContent = names.length;
      return button;
    }),
  );
  return group;
}

export function reactionsOf(item) {
  const found = {};
  for (const { dataset } of item.querySelectorAll(".reaction")) found[dataset.emoji] = dataset.names.split(" ");
  return found;
}

/** {emoji: [names]} after `event`. Idempotent. */
export function reacted(all, { type, text, author }) {
  const names = (all[text] ?? []).filter((name) => name !== author || type === "message.reacted");
  if (type === "message.reacted" && !names.includes(author)) names.push(author);
  const { [text]: _, ...others } = all;
  if (!names.length) return others;
  return text in all ? { ...all, [text]: names } : { ...others, [text]: names };
}
