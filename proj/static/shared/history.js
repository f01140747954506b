// Pages of history over HTTP: {epoch, seq, more, messages}, oldest first.
export class SignedOut extends Error {}

/** The messages next to `before` or `after` (a seq), or the newest of all. Raises SignedOut, or any error of the network. */
export async function history(url, { before, after, limit = 50 } = {}) {
  const address = new URL(url, location.href);
  address.searchParams.set("limit", limit);
  if (before) address.searchParams.set("before", before);
  if (after) address.searchParams.set("after", after);
  const response = await fetch(address, {
    headers: { Accept: "application/json" },
    cache: "no-store",
    signal: AbortSignal.timeout(20_000),
  });
  if (response.redirected) throw new SignedOut();
  if (!response.ok) throw new Error(`history: ${response.status}`);
  return response.json();
}
