// Keeps a list up to date: loads the page again every few seconds while it is visible.
import { localise } from "./moments.js";

export function keepFresh(part) {
  if (!part) return; // there is nothing to list yet
  const again = async () => {
    if (document.hidden || part.contains(document.activeElement)) return;
    try {
      const answer = await fetch(location.href, { signal: AbortSignal.timeout(10_000) });
      if (!answer.ok || answer.redirected) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(part.id);
      localise(fresh);
      if (fresh.innerHTML !== part.innerHTML) part.replaceChildren(...fresh.childNodes);
    } catch {
      // the next time may succeed
    }
  };
  localise(part);
  setInterval(again, 1_000 * part.dataset.seconds);
  document.addEventListener("visibilitychange", again);
}
