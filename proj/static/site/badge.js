// Shows in the tab's title and icon, and on the button of the side, the number of mentions, or that messages are unread.
import { count } from "../shared/words.js";

const elsewhere = document.getElementById("elsewhere");
const icon = document.querySelector('link[rel="icon"]');
const MAX_COUNT = 99; // it lies on a button
const plain = { title: document.title, icon: icon.href, own: "" };

let told = { unread: 0, mentioned: 0 };

/** The page has another title now, and perhaps an icon of its own, which no number of messages replaces. */
export function retitle(title, own = "") {
  Object.assign(plain, { title, own });
  badge(told);
}

/** `unread` and `mentioned` are numbers of messages in all rooms. */
export function badge({ unread, mentioned }) {
  told = { unread, mentioned };
  mark(mentioned ? "mentioned" : "unread", mentioned || unread);
  const title = (mentioned ? `(${mentioned}) ` : unread ? "• " : "") + plain.title;
  if (document.title !== title) document.title = title;
  const href = plain.own || (mentioned ? icon.dataset.mentioned : unread ? icon.dataset.unread : plain.icon);
  if (icon.getAttribute("href") !== href) icon.href = href;
}

function mark(what, n) {
  elsewhere.hidden = !n;
  elsewhere.classList.toggle("unread", what === "unread");
  const [sign, words] = elsewhere.children;
  sign.textContent = what === "unread" ? "•" : `@${n > MAX_COUNT ? `${MAX_COUNT}+` : n}`;
  words.textContent = count(`${what}-count`, n);
}
