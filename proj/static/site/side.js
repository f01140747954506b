// The side of every page: menus that close, the way to another room, the rooms with their unread messages, and desktop
// notifications.
import "./menu.js";
import "./switcher.js";
import { forget, keep, kept } from "../shared/store.js";
import { notify } from "./notify.js";
import { rooms } from "./rooms.js";

const FOLDED = "signalbox:folded"; // the rooms are folded to those that need the person, on all pages of the browser
const button = document.getElementById("fold-rooms");
const fold = (folded) => button.setAttribute("aria-expanded", !folded);

fold(Boolean(kept(FOLDED)));
button.hidden = false;
button.addEventListener("click", () => {
  const folded = button.getAttribute("aria-expanded") === "true";
  fold(folded);
  if (folded) keep(FOLDED, "1");
  else forget(FOLDED);
});

notify(rooms);
