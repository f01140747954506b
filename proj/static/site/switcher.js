// Ctrl+K: go to a place by a part of its name. places.js is loaded after the page, and keys wait for it.
import { later } from "../shared/later.js";

const KEYS = ["ArrowDown", "ArrowUp", "Enter"];
const dialog = document.getElementById("switcher");
const field = dialog.querySelector("input");
const opener = document.getElementById("switch");
const places = later((retry) => import(`./places.js${retry}`));

addEventListener("load", places);
opener.hidden = false;
opener.addEventListener("click", open);

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
  event.preventDefault();
  if (dialog.open) dialog.close();
  else open();
});

dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close();
});

field.addEventListener("input", async () => (await places())?.show());

field.addEventListener("keydown", async (event) => {
  if (!KEYS.includes(event.key) || event.isComposing) return;
  event.preventDefault();
  (await places())?.press(event.key);
});

async function open() {
  document.getElementById("side").hidePopover?.();
  field.value = "";
  dialog.showModal();
  field.focus();
  (await places())?.open();
}
