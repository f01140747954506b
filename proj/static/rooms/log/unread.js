// The unread messages of this person: the line above the first one, the bar that counts them, and the read mark, which moves only
// over messages that were on the screen. Dispatches "read" when the mark has moved on, "lowered" when it was set back.
import { day, local } from "../../shared/times.js";
import { count, say } from "../../shared/words.js";
import { progress } from "./reading.js";

const LOOK_MS = 200;
const ASK_MS = 1_000;
const RETRY_MS = 30_000;
const MAX_COUNT = 999; // shown; the server counts one more
const ACTS = ["focus", "pointerdown", "keydown", "wheel"];

export class Unread extends EventTarget {
  count = 0; // messages of other people after `read`
  first = 0; // the first of them, and its time
  at = "";
  #line = 0; // the line is above this message; 0: there is none
  #shown = new Set(); // messages that were on the screen
  #kept = ""; // the mark was set back "here" or "elsewhere", and stays until the person comes back, or does something here
  #look = 0;
  #ask = 0;

  /** `read`: the read mark, undefined for a person that was never here; `unread`: what the server counts after it, or null. */
  constructor({ view, follow, log, me, bar, older, url, read, unread }) {
    super();
    Object.assign(this, { view, follow, log, me, bar, older, url, read: unread ? read : log.seq });
    [this.words, this.jumps, this.reads] = bar.children;
    this.#take(unread);
    log.addEventListener("event", ({ detail }) => this.#heard(detail));
    for (const [source, type] of [[view, "changed"], [follow.scroller, "scroll"], [window, "resize"]]) {
      source.addEventListener(type, () => this.#soon());
    }
    document.addEventListener("visibilitychange", () => (document.hidden ? this.clear() : this.#back("")));
    for (const type of ACTS) window.addEventListener(type, (event) => this.#back(event.type), { passive: true });
    this.jumps.addEventListener("click", () => this.#jump());
    this.reads.addEventListener("click", () => this.#all());
    view.list.addEventListener("click", ({ target }) => target.dataset.do === "unread" && this.#from(target));
    this.#place();
    this.#soon();
  }

  /** Remove the line, if everything is read. */
  clear() {
    if (this.count || !this.follow.following) return;
    this.#line = 0;
    this.#unmark();
  }

  /** The person has posted, at the end of the room: the line goes, as if they had come back. */
  posted() {
    this.#kept = "";
    clearTimeout(this.#look);
    this.#looked();
    this.#line = 0;
    this.#unmark();
  }

  /** Everything up to `seq` is read, here or on another page. */
  upTo(seq) {
    if (seq <= this.read || this.#kept) return; // a word that was on its way when the mark was set back
    this.read = seq;
    if (seq >= this.log.seq) this.count = 0;
    else if (this.count) this.#later();
    this.dispatchEvent(new Event("read"));
    this.#soon();
  }

  /** The person has set the mark back to `seq`, here or on another page; `unread`: what the server counts after it. */
  lower({ seq, unread }) {
    this.read = seq;
    this.#kept ||= "elsewhere";
    this.#shown.clear();
    this.#line = 0;
    this.#unmark();
    this.#take(unread);
    this.#place();
    this.dispatchEvent(new Event("lowered"));
    this.#soon();
  }

  /** The page shows the newest messages of the room anew: count again. `begun`: the log has begun anew, and old marks are void. */
  async again(begun) {
    clearTimeout(this.#ask);
    this.#ask = 0;
    const address = new URL(this.url, location.href);
    if (!begun && this.read) address.searchParams.set("after", this.read);
    try {
      const answer = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(10_000) });
      if (!answer.ok || answer.redirected) throw new Error(answer.statusText);
      const { epoch, seq, unread } = await answer.json();
      if (epoch !== this.log.epoch || seq > this.log.seq) return this.#later(begun); // the page is about to catch up
      if (begun) this.read = unread ? unread.first - 1 : seq;
      this.#take(unread);
      if (!unread) this.upTo(seq);
      this.count += this.#unread().items.filter((item) => item.counts && item.seq > seq).length; // came during the request
      this.#place();
      this.#soon();
    } catch {
      this.#later(begun, RETRY_MS);
    }
  }

  #later(begun, wait = ASK_MS) {
    this.#ask ||= setTimeout(() => this.again(begun), wait);
  }

  #take(unread) {
    Object.assign(this, unread ?? { count: 0 });
    if (unread) this.#line ||= unread.first;
  }

  #heard({ type, seq, at, author, message }) {
    if (type === "message.posted" && author !== this.me) {
      if (!this.count) Object.assign(this, { first: seq, at });
      if (!this.follow.following || document.hidden) this.#line ||= this.first;
      this.count += 1;
    } else if (this.count && message > this.read && /deleted|removed/.test(type)) this.#later();
    this.#place();
    this.#soon();
  }

  #back(act) {
    if (!this.#kept || (this.#kept === "here" && act && act !== "focus")) return;
    this.#kept = "";
    this.#soon();
  }

  #all() {
    this.#kept = "";
    this.upTo(this.log.seq);
    this.bar.hidden = true;
    this.follow.scroller.focus();
  }

  #jump() {
    const item = this.view.item(this.first);
    if (!item) return location.assign(`${this.view.list.dataset.base}${this.first}/`);
    item.scrollIntoView({ block: "center" });
    this.follow.scroller.focus();
  }

  async #from(button) {
    const body = new FormData();
    body.set("seq", button.closest("li").dataset.seq);
    const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
    const asked = { method: "POST", body, headers: { "X-CSRFToken": token }, signal: AbortSignal.timeout(10_000) };
    button.disabled = true;
    this.#kept = "here";
    try {
      const answer = await fetch(this.url, asked); // the socket tells all pages
      if (!answer.ok || answer.redirected) throw new Error(answer.statusText);
    } catch {
      this.#kept = "";
      this.words.textContent = say("not-unread");
      this.bar.hidden = false;
    } finally {
      button.disabled = false;
    }
  }

  #unmark() {
    for (const item of this.view.list.querySelectorAll("[data-unread]")) this.#change(item, () => delete item.dataset.unread);
  }

  #change(item, change) {
    this.follow.keep(item, change, this.follow.scroller.scrollTop === 0);
  }

  #place() {
    const item = this.#line && this.view.item(this.#line);
    if (item && !item.dataset.unread) this.#change(item, () => (item.dataset.unread = say("unread")));
  }

  #soon() {
    if (this.count || this.read < this.log.seq) this.#look ||= setTimeout(() => this.#looked(), LOOK_MS);
    else this.bar.hidden = true;
  }

  // A message was on the screen when its end was. A hidden page shows nothing.
  #looked() {
    this.#look = 0;
    this.#place();
    const { top, bottom } = this.follow.scroller.getBoundingClientRect();
    const end = (item) => item.getBoundingClientRect().bottom;
    const blind = Boolean(document.hidden || this.#kept || this.log.missing);
    const { items, begin } = this.#unread();
    if (!blind) for (const { item, seq } of items) if (end(item) > top && end(item) <= bottom + 1) this.#shown.add(seq);
    const { read, count: before } = this;
    Object.assign(this, progress(this, { items, begin, shown: this.#shown, end: this.view.atEnd, head: this.log.seq, blind }));
    if (this.read >= this.log.seq) this.#shown.clear();
    else if (before > MAX_COUNT && this.count < before) this.#later(); // there may be more than were counted
    const first = this.view.item(this.first);
    if (first) this.at = first.querySelector("time").dateTime;
    this.#show(first && end(first) > top);
    if (this.read > read) this.dispatchEvent(new Event("read"));
  }

  // The loaded messages after the read mark, and whether nothing before them is unread.
  #unread() {
    const items = [];
    let item = this.view.list.lastElementChild;
    for (; item && Number(item.dataset.seq) > this.read; item = item.previousElementSibling) {
      items.unshift({ item, seq: Number(item.dataset.seq), counts: this.#counts(item) });
    }
    return { items, begin: Boolean(item) || this.older.hidden };
  }

  #counts(item) {
    return item.matches(".message:not(.card-message, :has(> .tombstone))") && item.querySelector(".author").textContent !== this.me;
  }

  // The line is on the screen, or below it, where another button counts.
  #show(near) {
    this.bar.hidden = this.count <= 0 || Boolean(near && !this.#kept);
    if (this.bar.hidden) return;
    const time = day(this.at) === day(Date.now()) ? local(this.at) : day(this.at);
    this.words.textContent = count("unread-since", this.count, { n: this.count > MAX_COUNT ? `${MAX_COUNT}+` : this.count, time });
  }
}
