// What became of the last notifications on this device, newest first. All tabs write it, each message once.
import { keep, kept } from "../rooms/store.js";

const MOST = 20;
const key = (me) => `signalbox:notifications:${me}`;

/** [{id, at, room, author, href, result}] of `me`. */
export function journal(me) {
  try {
    const entries = JSON.parse(kept(key(me)) ?? "[]");
    return Array.isArray(entries) ? entries : [];
  } catch {
    return [];
  }
}

/** Note what became of one. That it was shown in one tab outweighs that another one did not show it. */
export function note(me, entry) {
  const others = journal(me);
  const known = others.find(({ id }) => id === entry.id);
  if (known && (known.result === "shown" || entry.result !== "shown")) return;
  keep(key(me), JSON.stringify([entry, ...others.filter(({ id }) => id !== entry.id)].slice(0, MOST)));
}
