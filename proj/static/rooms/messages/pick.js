// On a touch screen nothing hovers: a tap on a message shows its time and its buttons.
const touch = matchMedia("(hover: none)");

export function pick(list) {
  list.addEventListener("click", ({ target }) => {
    if (!touch.matches || target.closest("a, button, form, pre") || String(getSelection())) return;
    const item = target.closest(".message");
    for (const other of list.querySelectorAll(".picked")) if (other !== item) other.classList.remove("picked");
    item?.classList.toggle("picked");
  });
}
