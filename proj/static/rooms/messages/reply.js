// Answers a message: quotes it in the composer, and says to whom.
import { read } from "./message.js";

const LINES = 4;
const CHARACTERS = 300;

export function replies({ view, composer }) {
  view.list.addEventListener("click", ({ target }) => {
    if (target.dataset.do !== "reply") return;
    const { author, text } = read(target.closest(".message"));
    composer.insert(`${quoted(text)}\n@${author} `);
  });
}

// What the quoted message itself quoted is left out.
function quoted(text) {
  const lines = text.split("\n").filter((line) => line.trim() && !/^\s*(>|```|~~~)/.test(line));
  const shown = lines.slice(0, LINES).join("\n");
  const characters = [...shown];
  const cut = lines.length > LINES || characters.length > CHARACTERS ? "…" : "";
  return (characters.slice(0, CHARACTERS).join("") + cut).replace(/^/gm, "> ");
}
