// The wait before the next try, in milliseconds.
const FIRST_MS = 1_000;
const MAX_MS = 30_000;

/** Exponential backoff with full jitter, so that the browsers of a room do not return together. */
export function backoff(tries) {
  return Math.random() * Math.min(MAX_MS, FIRST_MS * 2 ** tries);
}

/** A random number from `least` to `most`. */
export function jitter(least, most) {
  return least + Math.random() * (most - least);
}
