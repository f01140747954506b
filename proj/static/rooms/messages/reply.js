// Answers a message: quotes it in the composer, and mentions its author.
import { read } from "./message.js";

const MAX_LINES = 4;
const MAX_CHARACTERS = 300;

export function replies({ view, composer }) {
  view.list.addEventListener("click", ({ target }) => {
    if (target.dataset.do !== "reply") return;
    const { author, text } = read(target.closest(".message"));
    composer.insert(`${quoted(text)}\n@${author} `);
  });
}

// The quotes in the quoted message are left out, and the fences of its code.
function quoted(text) {
  const bare = text.replace(/^\s*(?:`{3,}|~{3,})|`{3,}\s*$/gm, "");
  const lines = bare.split("\n").filter((line) => line.trim() && !/^\s*>/.test(line));
  const shown = lines.slice(0, MAX_LINES).join("\n");
  const characters = [...shown];
  const cut = lines.length > MAX_LINES || characters.length > MAX_CHARACTERS ? "…" : "";
  return (characters.slice(0, MAX_CHARACTERS).join("") + cut).replace(/^/gm, "> ");
}
