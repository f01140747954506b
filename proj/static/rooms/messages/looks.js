// Additions to the server's HTML of a message: buttons of code and of length, and marks on mentions of this person.
import { say } from "../../shared/words.js";

const block = document.getElementById("block-part").content.querySelector(".block");
const fold = document.getElementById("fold-part").content.querySelector(".fold");

/** Finish the message `item` for `me`. */
export function looks(item, me) {
  const text = item.querySelector(".text");
  if (!text) return;
  if (text.matches(".long")) text.after(fold.cloneNode(true));
  if (!text.matches(".rich")) return;
  for (const pre of text.querySelectorAll("pre")) frame(pre);
  for (const mention of text.querySelectorAll(".mention")) {
    const who = mention.textContent.slice(1).normalize("NFKC").toLowerCase();
    if (who === "here" || who === me.toLowerCase()) mention.classList.add("me");
  }
}

// A box around code, with buttons; by keyboard it can be scrolled as well.
function frame(pre) {
  const box = block.cloneNode(true);
  box.querySelector(".language").textContent = pre.dataset.language ?? "";
  pre.tabIndex = 0;
  pre.setAttribute("role", "group");
  pre.setAttribute("aria-label", say("code"));
  pre.replaceWith(box);
  box.append(pre);
}
