// Closes an open menu as people expect: by Escape, and by turning to something else.
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
