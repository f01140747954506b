// Reacts to a message: with one of its reactions, or with one of the picker's.
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
