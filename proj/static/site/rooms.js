// The rooms beside every page: adds the socket's news to the server's counts, and loads the counts again where that is not
// enough. Dispatches "message" (detail: the data for a notification; of the end of a run with `run`).
import { jitter } from "../shared/backoff.js";
import { count } from "../shared/words.js";
import { badge } from "./badge.js";

const INTERVAL_MS = 60_000;
const PAUSE_MS = 2_000; // between two requests
const MAX_COUNT = 999;

class Rooms extends EventTarget {
  #asked = Date.now();
  #asking = null; // frames that came during a request
  #timer = 0;
  #unknown = []; // news of rooms that are not in the list yet
  #calling = []; // "called" frames of rooms that are not in the list yet
  #noticed = new Map(); // newest dispatched message of each room: the server may have counted it before

  constructor(list) {
    super();
    this.list = list;
    this.me = list.dataset.me;
    this.current = list.querySelector("[aria-current]")?.getAttribute("href") ?? "";
    for (const { dataset } of list.querySelectorAll("[data-room]")) this.#noticed.set(dataset.room, Number(dataset.head));
    setInterval(() => document.hidden || Date.now() - this.#asked < INTERVAL_MS || this.#ask(), 5_000);
    document.addEventListener("visibilitychange", () => this.#show());
    this.#show();
  }

  /** Take in a frame of the socket: "news", "read" or "called". */
  hear(frame) {
    this.#asking?.push(frame);
    if (frame.type === "read") this.#read(frame);
    else if (frame.type === "called") this.#called(frame);
    else for (const news of frame.rooms) this.#news(...news);
    this.#show();
  }

  /** News may have been missed: load the counts, after a random wait. */
  missed() {
    this.#later(jitter(200, PAUSE_MS));
  }

  #link(id) {
    return this.list.querySelector(`[data-room="${id}"]`);
  }

  #news(id, listed, more) {
    const link = this.#link(id);
    if (!link || more) this.missed();
    if (!link) this.#unknown.push([id, listed]);
    for (const [seq, author, names] of link ? listed : []) {
      const { dataset } = link;
      const mentioned = this.#heard(link, seq, author, names);
      if (seq <= Math.max(dataset.head, dataset.read)) continue;
      dataset.counted ??= dataset.head; // the server has counted so far
      dataset.head = seq;
      if (author === this.me) continue;
      dataset.unread = Number(dataset.unread) + 1;
      if (mentioned) dataset.mentioned = Number(dataset.mentioned) + 1;
    }
  }

  // Dispatch another person's message, once. Return whether it mentions this person.
  #heard(link, seq, author, names) {
    const muted = link.matches(".muted");
    const named = names.includes(this.me);
    const called = named || names.includes("here");
    const mentioned = named || (called && !muted);
    const { room } = link.dataset;
    if (seq > (this.#noticed.get(room) ?? 0)) {
      this.#noticed.set(room, seq);
      const detail = { link, seq, author, called, mentioned, muted };
      if (author !== this.me) this.dispatchEvent(new CustomEvent("message", { detail }));
    }
    return mentioned;
  }

  // An event calls this person: the end of a `run`, which may have no room, or a message with a keyword. It may come before
  // the news of earlier messages.
  #called(frame) {
    const { room, seq, author, run } = frame;
    const link = this.#link(room);
    if (room && !link && !run) {
      this.#calling.push(frame);
      this.missed();
      return;
    }
    const { dataset } = link ?? {};
    if (link && seq > Math.max(dataset.counted ?? dataset.head, dataset.read, dataset.called ?? 0)) {
      dataset.called = seq;
      dataset.mentioned = Number(dataset.mentioned) + 1;
    }
    const detail = { link, seq, author, run, called: true, mentioned: true, muted: false };
    this.dispatchEvent(new CustomEvent("message", { detail }));
  }

  // With `unread` the person has set the mark back.
  #read({ room, seq, unread }) {
    const link = this.#link(room);
    if (!link) return;
    if (unread !== undefined) {
      link.dataset.read = seq;
      this.missed();
      return;
    }
    link.dataset.read = Math.max(seq, link.dataset.read);
    if (seq < Math.max(link.dataset.head, link.dataset.called ?? 0)) this.missed();
    else link.dataset.unread = link.dataset.mentioned = 0;
  }

  // The shown room has no counts; a muted one only mentions by name.
  #show() {
    const all = { unread: 0, mentioned: 0 };
    for (const link of this.list.querySelectorAll("[data-room]")) {
      const seen = link.ariaCurrent && !document.hidden;
      const muted = link.matches(".muted");
      for (const what of ["unread", "mentioned"]) {
        const n = seen || (muted && what === "unread") ? 0 : Number(link.dataset[what]);
        fill(link.querySelector(`.count.${what}`), what, n);
        all[what] += n;
      }
      const waiting = Number(link.dataset.mentioned) || (!muted && Number(link.dataset.unread));
      link.classList.toggle("unread", !seen && waiting > 0);
    }
    badge(all);
  }

  #later(wait) {
    if (!this.#timer) this.#timer = setTimeout(() => this.#ask(), Math.max(wait, this.#asked + PAUSE_MS - Date.now()));
  }

  async #ask() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    if (this.#asking) return this.#later(PAUSE_MS);
    this.#asked = Date.now();
    this.#asking = [];
    try {
      const address = new URL(this.list.dataset.url, location.href);
      address.searchParams.set("current", this.current);
      const answer = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(10_000) });
      if (answer.ok && !answer.redirected) this.#replace(await answer.text());
    } catch {
      // the next request may succeed
    } finally {
      this.#asking = null;
    }
    this.#show();
  }

  #replace(html) {
    const fresh = document.createElement("template");
    fresh.innerHTML = html; // rendered by the server, with names escaped
    const focused = this.list.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    this.list.replaceChildren(...fresh.content.children);
    if (focused) this.list.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus();
    const meanwhile = this.#asking;
    this.#asking = null;
    for (const [id, listed] of this.#unknown.splice(0)) {
      const link = this.#link(id);
      for (const [seq, author, names] of link ? listed : []) this.#heard(link, seq, author, names);
    }
    for (const frame of this.#calling.splice(0)) if (this.#link(frame.room)) this.#called(frame);
    for (const frame of meanwhile) this.hear(frame);
  }
}

function fill(element, what, n) {
  element.hidden = !n;
  const [sign, words] = element.children;
  sign.textContent = (what === "mentioned" ? "@" : "") + (n > MAX_COUNT ? `${MAX_COUNT}+` : n);
  words.textContent = count(`${what}-count`, n);
}

export const rooms = new Rooms(document.getElementById("side-rooms"));
