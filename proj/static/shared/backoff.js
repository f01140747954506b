// How long to wait before the next try, in milliseconds.
const FIRST = 1_000;
const LONGEST = 30_000;

/** Exponential with full jitter: a room full of browsers must not come back as one. */
export function backoff(tries) {
  return Math.random() * Math.min(LONGEST, FIRST * 2 ** tries);
}

/** Somewhere from `least` to `most`. */
export function jitter(least, most) {
  return least + Math.random() * (most - least);
}
