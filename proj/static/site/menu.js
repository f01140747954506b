// Closes an open menu by Escape, by a click elsewhere, and when the focus leaves it.
const open = () => document.querySelectorAll("details[data-menu][open]");

for (const turned of ["click", "focusin"])
  document.addEventListener(turned, ({ target }) => {
    for (const menu of open()) if (!menu.contains(target)) menu.open = false;
  });

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of open()) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
