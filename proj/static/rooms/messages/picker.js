// Reacts to a message: with one of its reactions, or with one of the picker's.
const ROOM_PX = 96; // above a message, for the picker over its bar
const part = document.getElementById("picker-part").content.querySelector(".picker");

export function picker({ view, outbox, composer }) {
  const open = part.cloneNode(true);
  const close = () => {
    const focused = open.contains(document.activeElement);
    open.remove();
    if (focused) composer.focus();
  };
  view.list.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-do]");
    const item = target.closest(".message");
    if (button?.dataset.do === "pick" && open.parentElement !== item) {
      item.append(open);
      const above = item.getBoundingClientRect().top - view.follow.scroller.getBoundingClientRect().top;
      open.classList.toggle("below", above < ROOM_PX);
      open.scrollIntoView({ block: "nearest" });
      open.querySelector("button").focus();
    } else if (button?.dataset.do === "react") {
      const type = button.getAttribute("aria-pressed") === "true" ? "unreact" : "react";
      outbox.add({ type, seq: Number(item.dataset.seq), emoji: button.dataset.emoji });
      close();
    } else close();
  });
  open.addEventListener("keydown", (event) => event.key === "Escape" && close());
}
