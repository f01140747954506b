// The mention or reference that a person is typing: proj/rooms/text/mentions.py and references.py.

// Scripts that put no space between a word and the next one.
const UNSPACED = "\\p{sc=Han}\\p{sc=Hira}\\p{sc=Kana}\\p{sc=Hang}\\p{sc=Thai}\\p{sc=Laoo}\\p{sc=Khmr}\\p{sc=Mymr}々ー";
const WORD = /[\p{L}\p{M}\p{N}_.+@＠-]{1,90}$/u;
// In front of the @ of an address or a path; `@alice/` may stand there.
const INSIDE = new RegExp(`(?:[/.]|(?![${UNSPACED}])[\\p{L}\\p{M}\\p{N}])_*$`, "u");
const MENTION = /(?:^|[^\p{L}\p{N}_./])[@＠][\p{L}\p{M}\p{N}_.+@＠-]+\/$/u;

const ROOM = new RegExp(`(?<!(?![${UNSPACED}])[\\p{L}\\p{N}]|[_/#&.=?%-])#(?<typed>[\\p{L}\\p{M}\\p{N}_.+-]{1,40})$`, "u");

/** The beginnings of a name behind an @ at the end of `text`, the longest first. */
export function typedNames(text) {
  const word = WORD.exec(text)?.[0] ?? "";
  const found = [];
  for (const { index: at } of word.matchAll(/[@＠]/g)) {
    const before = text.slice(0, text.length - word.length + at);
    if (!INSIDE.test(before) || MENTION.test(before)) found.push(word.slice(at + 1));
  }
  return found;
}

/** The beginning of a room's name behind a # at the end of `text`. */
export function typedRoom(text) {
  return ROOM.exec(text)?.groups.typed;
}
