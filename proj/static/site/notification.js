// Desktop notifications, and the journal of their outcomes for the settings page.
// Every tab gets every message and every end of a run; the notifications of one have one tag, so it is shown once.
import { keep, kept } from "../shared/store.js";
import { say } from "../shared/words.js";
import { later } from "../shared/later.js";

const { dataset: chosen } = document.documentElement; // by the person

const TURNING = /[\u202a-\u202e\u2066-\u2069]/gu; // proj/text/unseen.py shows these signs in messages

const MAX_CHARACTERS = 200; // of a message
const MAX_ENTRIES = 20; // entries of the journal
const TONES_HZ = [660, 880];
const TONE_SECONDS = 0.12;
const LATE_MS = 60_000; // a message that waited longer had no page that could notify of it
const history = later((retry) => import(`../shared/history.js${retry}`));
const key = (me) => `signalbox:notifications:${me}`;

/** Notify of a message or of the end of a run, unless there is a reason not to; `choice` is this person's setting for messages.
 *  Call `decided` at the end. Of several tabs that decide about the same, the first one counts. */
export async function decide(rooms, choice, { room: id, seq, author, mentioned, muted, run, at = Date.now() }, decided = () => {}) {
  const link = rooms.list.querySelector(`[data-room="${id}"]`);
  const tag = run ? `signalbox:run:${run.run}` : `signalbox:${id}:${seq}`;
  const known = journal(rooms.me).some((entry) => entry.id === tag);
  if (known || (!link && !run)) return decided(); // without a link: no room of this person
  const room = link?.querySelector(".name").textContent;
  const about = run
    ? { title: say(`run-${run.state}`, { run: `${run.name} #${run.number}` }), href: run.url }
    : { room, author, href: `${link.getAttribute("href")}${seq}/` };
  const reason = why({ link, seq, run, at, choice: run ? "all" : choice, muted: muted && !mentioned });
  const body = run && [run.values, room && `# ${room}`].filter(Boolean).join("\n");
  const result = reason ?? (run ? display(about.title, { tag, body: safe(body) }, run.url) : await show({ ...about, tag }, link, seq));
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
function why({ link, seq, run, at, choice, muted }) {
  if (choice === "off") return "off";
  if (muted) return "muted";
  if (link && Number(link.dataset.read) >= seq) return "read";
  if (Date.now() - at > LATE_MS) return "late";
  if (document.hasFocus() && run && location.pathname === run.url) return "looking-run";
  if (document.hasFocus() && link?.ariaCurrent) return "looking";
  if (quiet(chosen.quiet)) return "quiet";
  return state() === "granted" ? null : state();
}

/** Whether `now` is in the quiet hours "22:00 07:00 Europe/Berlin"; without a zone, in the device's. */
export function quiet(hours, now = new Date()) {
  const [from, until, timeZone] = (hours ?? "").split(" ");
  if (!until) return false;
  const clock = (zone) => new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...zone });
  let time;
  try {
    time = clock({ timeZone }).format(now);
  } catch {
    time = clock().format(now); // the browser does not know the zone
  }
  return from < until ? from <= time && time < until : time >= from || time < until;
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
    body = safe(text);
    if (name && said.author === author) who = `${say("isolated", { name })} (${author})`;
  } catch {
    // the author and the room are enough
  }
  return display(say("said-in", { author: who, room }), { tag, body }, href);
}

function safe(text) {
  const shown = text.replace(TURNING, (sign) => `\\u${sign.charCodeAt(0).toString(16)}`);
  return [...shown].slice(0, MAX_CHARACTERS).join("");
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
    if ("sound" in chosen) sound();
    return "shown";
  } catch {
    return "unsupported"; // phones need a service worker for it
  }
}

// Two short tones. Browsers allow them when the person has acted on the page, or on the site before.
function sound() {
  const context = new AudioContext();
  const volume = new GainNode(context, { gain: 0.1 });
  volume.connect(context.destination);
  for (const [n, frequency] of TONES_HZ.entries()) {
    const tone = new OscillatorNode(context, { frequency });
    tone.connect(volume);
    tone.start(n * TONE_SECONDS);
    tone.stop((n + 1) * TONE_SECONDS);
    if (n === TONES_HZ.length - 1) tone.addEventListener("ended", () => context.close());
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
