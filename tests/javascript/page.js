// The page of a run, as far as its modules need it: the server's rules, and elements that can be written as HTML.
import { readFileSync } from "node:fs";

const read = (name) => JSON.parse(readFileSync(new URL(`../text/${name}`, import.meta.url), "utf8"));
const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
const ATTRIBUTES = { className: "class", href: "href", title: "title", target: "target", rel: "rel" };

export const cases = read("cases.json");
export const screens = read("screens.json");
const part = { content: { querySelector: () => null } };

globalThis.document = {
  documentElement: { lang: "en" },
  getElementById: () => part,
  querySelector: () => ({ textContent: JSON.stringify({ line: { mark: "::(group|endgroup|progress)(?: (.*))?" }, ansi: read("rules.json") }) }),
  querySelectorAll: () => [],
  createElement: (tag) => ({ tag }),
};

/** The HTML of strings and elements. */
export const html = (pieces) =>
  pieces
    .map((piece) => {
      if (typeof piece === "string") return escaped(piece);
      const attributes = Object.entries(ATTRIBUTES).filter(([name]) => piece[name] !== undefined);
      return `<${piece.tag}${attributes.map(([name, own]) => ` ${own}="${escaped(piece[name])}"`).join("")}>${escaped(piece.textContent)}</${piece.tag}>`;
    })
    .join("");
