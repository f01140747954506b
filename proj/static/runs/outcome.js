// The outcome of a run that ended while its page was open: the server finds the step and the last words of a failed one.
const PARTS = ["outcome", "bars"];

/** Load the page again, and put these parts of it into their places. */
export async function showOutcome() {
  try {
    const answer = await fetch(location.pathname, { signal: AbortSignal.timeout(20_000) });
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const id of PARTS) document.getElementById(id).replaceChildren(...page.getElementById(id).childNodes);
  } catch {
    // the state and the reason stand on the page already
  }
}
