// Desktop notifications, and the journal of their outcomes for the settings page.
// Every tab gets every message; the notifications of one message have one tag, so it is shown once.
import { keep, kept } from "../shared/store.js";
import { say } from "../shared/words.js";
import { later } from "../shared/later.js";

const TURNING = /[\u202a-\u202e\u2066-\u2069]/gu; // proj/text/unseen.py shows these signs in messages

const MAX_CHARACTERS = 200; // of a message
const MAX_ENTRIES = 20; // entries of the journal
const LATE_MS = 60_000; // a message that waited longer had no page that could notify of it
const history = later((retry) => import(`../shared/history.js${retry}`));
const key = (me) => `signalbox:notifications:${me}`;

/** Notify of a message, unless there is a reason not to; `choice` is this person's setting. Call `decided` at the end. Of
 *  several tabs that decide about a message, the first one counts. */
export async function decide(rooms, choice, { room: id, seq, author, mentioned, muted, at = Date.now() }, decided = () => {}) {
  const link = rooms.list.querySelector(`[data-room="${id}"]`);
  const tag = `signalbox:${id}:${seq}`;
  if (!link || journal(rooms.me).some((entry) => entry.id === tag)) return decided(); // without a link: no room of this person
  const about = { room: link.querySelector(".name").textContent, author, href: `${link.getAttribute("href")}${seq}/` };
  const result = why(link, seq, choice, muted && !mentioned, at) ?? (await show({ ...about, tag }, link, seq));
  note(rooms.me, { ...about, id: tag, at: new Date(at).toISOString(), result });
  decided();
}

/** Show a "signed_in" frame to `me`: a line above the page, and a notification unless `choice` is against it. */
export function newDevice(me, choice, { browser, system, address, at }) {
  const known = browser && system ? say("device", { browser, system }) : browser || system;
  const title = say("new-device", { device: known || say("unknown-device"), address: address || "?" });
  const line = document.getElementById("new-device").content.querySelector("li").cloneNode(true);
  line.querySelector(".about").textContent = title;
  notices().append(line);
  const { href } = line.querySelector("a");
  const tag = `signalbox:device:${at}`;
  const blocked = choice === "off" ? "off" : state() === "granted" ? null : state();
  note(me, { id: tag, title, href, at, result: blocked ?? display(title, { tag }, href) });
}

function notices() {
  const shown = document.querySelector(".notices");
  if (shown) return shown;
  const status = Object.assign(document.createElement("div"), { role: "status" });
  status.append(Object.assign(document.createElement("ul"), { className: "notices" }));
  document.getElementById("content").before(status);
  return status.firstChild;
}

// The reason for no notification, or null.
function why(link, seq, choice, muted, at) {
  if (choice === "off") return "off";
  if (muted) return "muted";
  if (Number(link.dataset.read) >= seq) return "read";
  if (Date.now() - at > LATE_MS) return "late";
  if (link.ariaCurrent && document.hasFocus()) return "looking";
  return state() === "granted" ? null : state();
}

/** The permission on this device: "insecure", "unsupported", "default" (not asked), "denied" or "granted". */
export function state() {
  if (!isSecureContext) return "insecure";
  return "Notification" in window ? Notification.permission : "unsupported";
}

async function show({ tag, room, author, href }, link, seq) {
  let body = "";
  let who = author;
  try {
    const messages = await history();
    const page = await messages.history(`${link.getAttribute("href")}messages/`, { before: seq + 1, limit: 1 });
    const { text = "", name, ...said } = page.messages.at(-1) ?? {};
    const safe = text.replace(TURNING, (sign) => `\\u${sign.charCodeAt(0).toString(16)}`);
    body = [...safe].slice(0, MAX_CHARACTERS).join("");
    if (name && said.author === author) who = `${say("isolated", { name })} (${author})`;
  } catch {
    // the author and the room are enough
  }
  return display(say("said-in", { author: who, room }), { tag, body }, href);
}

/** Show a notification. Return "shown", or the reason why not. A click opens `href`. */
export function display(title, options, href) {
  try {
    const notification = new Notification(title, { icon: document.querySelector('link[rel="icon"]').href, ...options });
    notification.addEventListener("click", () => {
      window.focus();
      notification.close();
      if (href) location.assign(href);
    });
    return "shown";
  } catch {
    return "unsupported"; // phones need a service worker for it
  }
}

/** The outcomes of the last notifications on this device, newest first: [{id, at, room, author, href, result}] of `me`;
 *  `title` instead of room and author for something that is no message. */
export function journal(me) {
  try {
    const entries = JSON.parse(kept(key(me)) ?? "[]");
    return Array.isArray(entries) ? entries : [];
  } catch {
    return [];
  }
}

// All tabs write the journal, each message once. "shown" in one tab outweighs any other result.
function note(me, entry) {
  const others = journal(me);
  const known = others.find(({ id }) => id === entry.id);
  if (known && (known.result === "shown" || entry.result !== "shown")) return;
  keep(key(me), JSON.stringify([entry, ...others.filter(({ id }) => id !== entry.id)].slice(0, MAX_ENTRIES)));
}
