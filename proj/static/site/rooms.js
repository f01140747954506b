// Asks now and then what is unread in which room, while somebody looks at the page.
const OFTEN = 30_000;

export class Rooms {
  #at = Date.now();
  #asking = false;

  constructor(list) {
    this.list = list;
    this.current = list.querySelector("[aria-current]")?.getAttribute("href") ?? "";
    setInterval(() => this.#ask(), 5_000);
    document.addEventListener("visibilitychange", () => this.#ask());
  }

  async #ask() {
    if (document.hidden || this.#asking || Date.now() - this.#at < OFTEN) return;
    this.#asking = true;
    this.#at = Date.now();
    try {
      const address = new URL(this.list.dataset.url, location.href);
      address.searchParams.set("current", this.current);
      const answer = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(10_000) });
      if (answer.ok && !answer.redirected) this.#show(await answer.text());
    } catch {
      // the room says it when there is no network; the next time will come
    } finally {
      this.#asking = false;
    }
  }

  #show(html) {
    const fresh = document.createElement("template");
    fresh.innerHTML = html; // the server's own list, names escaped
    const focused = this.list.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    this.list.replaceChildren(...fresh.content.children);
    if (focused) this.list.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus();
  }
}
