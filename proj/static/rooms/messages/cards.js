// Cards in the conversation. A frame brings the HTML of a changed card when all members may see it; otherwise, and after an
// absence, each page loads the HTML.
import { say } from "../../shared/words.js";

const SPREAD_MS = 700; // over which the pages of a room spread their requests, after a wait in which the HTML may come by itself
const FIRST_MS = 150;
const MAX_CARDS = 50; // in one request

export class Cards {
  #asked = new Set();
  #timer = 0;
  #drawn = new WeakMap(); // time of the last rendering, in ms of this page's clock
  #looks = new WeakMap(); // the HTML of the last rendering

  /** `words` is shared/run_words.js. */
  constructor({ view, follow, words, url }) {
    Object.assign(this, { view, follow, words, url });
    view.addEventListener("changed", () => this.#askEmpty());
    for (const card of this.#all()) this.#drawn.set(card, performance.now());
    this.#askEmpty();
    setInterval(() => this.#tick(), 1_000);
  }

  hear({ card, html }) {
    if (!html) this.ask(card);
    else this.#draw(card, html);
  }

  #all(reference) {
    const cards = [...this.view.list.querySelectorAll(".event-card")];
    return reference ? cards.filter((card) => card.dataset.card === reference) : cards;
  }

  #askEmpty() {
    for (const card of this.#all()) if (!card.firstElementChild) this.ask(card.dataset.card);
  }

  /** Load the card `reference` again, together with others. */
  ask(reference) {
    this.#asked.add(reference);
    this.#timer ||= setTimeout(() => this.#load(), FIRST_MS + Math.random() * SPREAD_MS);
  }

  async #load() {
    this.#timer = 0;
    const wanted = [...this.#asked].filter((card) => this.#all(card).length).slice(0, MAX_CARDS);
    this.#asked.clear();
    if (!wanted.length) return;
    const url = new URL(this.url, location.href);
    for (const card of wanted) url.searchParams.append("card", card);
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(10_000) });
      if (!answer.ok || answer.redirected) throw new Error(answer.statusText);
      const { cards } = await answer.json();
      for (const card of wanted) this.#draw(card, cards[card] ?? "<p></p>");
    } catch {
      for (const card of wanted) this.#asked.add(card);
      this.#timer ||= setTimeout(() => this.#load(), 10 * SPREAD_MS);
    }
  }

  #draw(reference, html) {
    this.#asked.delete(reference);
    for (const card of this.#all(reference)) {
      if ((this.#looks.get(card) ?? card.innerHTML) === html) continue;
      this.follow.keep(card.closest(".message"), () => {
        card.innerHTML = html; // the server's own (docs/protocol.md)
        this.#translate(card);
      });
      this.#drawn.set(card, performance.now());
      this.#looks.set(card, html);
    }
  }

  #tick() {
    for (const card of this.#all()) {
      const time = card.querySelector("[data-ticking]");
      if (!time) continue;
      const since = (performance.now() - this.#drawn.get(card)) / 1_000;
      time.textContent = this.words.duration(Number(time.dataset.seconds) + since);
    }
  }

  // A card that is sent to a whole room is in the language of the process that rendered it; this page has its own.
  #translate(card) {
    const { duration, reason } = this.words;
    const state = card.querySelector(".state");
    const time = card.querySelector("[data-seconds]");
    const word = state && say(`state.${state.dataset.state}`);
    if (state && state.textContent.trim() !== word) state.textContent = word;
    if (time) time.textContent = duration(Number(time.dataset.seconds));
    const ending = card.querySelector(".run-reason");
    if (ending) ending.textContent = reason(JSON.parse(ending.dataset.why), ending.textContent);
    card.querySelector("progress")?.setAttribute("aria-label", say("progress"));
    card.querySelector(".run-lines")?.setAttribute("aria-label", say("last-lines"));
  }
}
