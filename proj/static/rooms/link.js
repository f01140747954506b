// The button that copies a fresh link into the room.
import { copy } from "../shared/copy.js";

const button = document.getElementById("copy-link");

if (button) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const done = await copy(document.getElementById("link"));
    button.textContent = done ? button.dataset.done : button.dataset.failed;
  });
}
