// Makes addresses in a message clickable. Only http and https, as elements and text nodes, never as markup.
const ADDRESS = /\bhttps?:\/\/[^\s<>"'`]+/gi;
const TRAILING = /[.,;:!?)\]}»”…]+$/;

/** Replace the text of `element` by text with links. */
export function link(element) {
  const text = element.textContent;
  if (!/https?:\/\//i.test(text)) return;
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = match[0].replace(TRAILING, "");
    if (!URL.canParse(address)) continue;
    parts.push(text.slice(end, match.index), anchor(address));
    end = match.index + address.length;
  }
  parts.push(text.slice(end));
  element.replaceChildren(...parts.filter((part) => part !== ""));
}

function anchor(address) {
  const a = document.createElement("a");
  a.href = address;
  a.target = "_blank";
  a.rel = "noopener noreferrer nofollow";
  a.textContent = address;
  return a;
}
