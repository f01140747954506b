// How far a person has read.

/** A person's {read, count, first} when the messages of the Set `shown` have been on the screen.
 *
 *  `items` are the loaded messages ({seq, counts}) in order; those that `count` are other people's. `begin`, `end`: the room has
 *  none before, behind them. `head` is the room's newest event. The mark moves on from the first unread message only, so that
 *  nothing before it is taken for read; when it is not loaded, nothing moves. `blind`: the mark stays.
 */
export function progress({ read, count, first }, { items, shown, begin, end, head, blind = false }) {
  const loaded = begin || items[0]?.seq <= Math.max(read, first ?? 0);
  if (!loaded) return { read, count, first };
  const unread = items.filter(({ seq, counts }) => counts && seq > read);
  const next = blind ? 0 : unread.findIndex(({ seq }) => !shown.has(seq));
  const left = next < 0 ? [] : unread.slice(next);
  if (left.length < unread.length) read = unread[unread.length - left.length - 1].seq;
  if (!left.length && !blind) read = Math.max(read, end ? head : (items.at(-1)?.seq ?? 0));
  return { read, count: end ? left.length : Math.max(0, count - unread.length + left.length), first: left[0]?.seq ?? first };
}
