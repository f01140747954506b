// Keeps a list up to date: loads the page again every few seconds while it is visible, and when the socket is back.
import { aside, socket } from "../site/me.js";
import { localise } from "./moments.js";

const MAX_FAILURES = 2; // after which the page says that its list may be out of date

/** Keep `part` fresh, unless there is nothing to list yet; `loaded` gets each fresh page. */
export function keepFresh(part, loaded = () => {}) {
  if (!part) return;
  let failures = 0;
  const load = async () => {
    const answer = await fetch(location.href, { signal: AbortSignal.timeout(10_000) });
    if (answer.redirected) return; // signed out: the socket says so
    if (!answer.ok) throw new Error(answer.statusText);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById(part.id);
    localise(fresh);
    for (const { dataset } of part.querySelectorAll("details[open]")) fresh.querySelector(`[data-keep="${dataset.keep}"]`)?.setAttribute("open", "");
    if (fresh.innerHTML !== part.innerHTML && !part.contains(document.activeElement)) part.replaceChildren(...fresh.childNodes);
    loaded(page);
  };
  const again = async () => {
    if (document.hidden) return;
    failures = await load().then(
      () => 0,
      () => failures + 1, // the next time may succeed
    );
    aside.stale = failures >= MAX_FAILURES;
  };
  localise(part);
  setInterval(again, 1_000 * part.dataset.seconds);
  document.addEventListener("visibilitychange", again);
  socket.addEventListener("state", () => socket.open && again());
}
