// Keeps a list up to date: loads the page again every few seconds while it is visible, and when the socket is back.
import { aside, socket } from "../site/me.js";
import { localise } from "./moments.js";

const MAX_FAILURES = 2; // after which the page says that its list may be out of date

export function keepFresh(part) {
  if (!part) return; // there is nothing to list yet
  let failures = 0;
  const load = async () => {
    const answer = await fetch(location.href, { signal: AbortSignal.timeout(10_000) });
    if (answer.redirected) return; // signed out: the socket says so
    if (!answer.ok) throw new Error(answer.statusText);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(part.id);
    localise(fresh);
    if (fresh.innerHTML !== part.innerHTML) part.replaceChildren(...fresh.childNodes);
  };
  const again = async () => {
    if (document.hidden || part.contains(document.activeElement)) return;
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
