// A message as an element: built from a frame, or read back into one. The markup is templates/rooms/message.html.
import { face } from "../people/face.js";
import { happening, head, stamp } from "./happening.js";
import { reactions, reactionsOf } from "./reactions.js";
import { looks } from "./looks.js";

const part = document.getElementById("message-part").content.querySelector(".message");

const htmlOf = new WeakMap(); // the server's HTML, before looks() finished it

/** Remember the server's HTML in `item`, before looks() finishes it. */
export function remember(item) {
  const rich = item.querySelector(".rich");
  if (rich) htmlOf.set(item, rich.innerHTML);
}

/** The element that shows `frame` (a message in its present state, a card, or a happening) to `me`; null: there is none. */
export function build(frame, me) {
  if (frame.type !== "message.posted" && frame.type !== "card.posted") return happening(frame);
  const item = part.cloneNode(true);
  const at = (selector) => item.querySelector(selector);
  head(item, frame);
  at(".face").replaceWith(face(frame.author, frame.name));
  if (frame.name) at(".called").textContent = frame.name;
  else at(".called").remove();
  if (frame.type === "card.posted") return card(item, frame);
  if (frame.edited && !frame.deleted) stamp(at(".edited"), frame.edited);
  else at(".edited").remove();
  if (frame.deleted) {
    at(frame.removed ? ".tombstone:not(.removed)" : ".tombstone.removed").remove();
    if (frame.removed) at(".reason").textContent = clean(frame.removed);
    stamp(at(".tombstone > time"), frame.deleted);
    for (const text of item.querySelectorAll(".text")) text.remove();
    return item;
  }
  for (const tombstone of item.querySelectorAll(".tombstone")) tombstone.remove();
  at(frame.html ? "p.text" : ".rich").remove();
  const text = at(".text");
  if (frame.html) {
    text.dataset.text = clean(frame.text);
    text.innerHTML = frame.html; // the server's own (docs/protocol.md)
    htmlOf.set(item, frame.html);
  } else text.textContent = clean(frame.text);
  text.classList.toggle("long", Boolean(frame.long));
  if (Object.keys(frame.reactions ?? {}).length) item.append(reactions(frame.reactions, me));
  looks(item, me);
  return item;
}

// cards.js loads its content.
function card(item, frame) {
  for (const part of item.querySelectorAll(".edited, .tombstone, .text")) part.remove();
  item.classList.add("card-message");
  const body = document.createElement("div");
  body.className = "event-card";
  body.dataset.card = frame.text;
  item.append(body);
  return item;
}

export function read(item) {
  const moment = (selector) => item.querySelector(selector)?.getAttribute("datetime");
  return {
    type: "message.posted",
    seq: Number(item.dataset.seq),
    author: item.querySelector(".author").textContent,
    name: item.querySelector(".called")?.textContent,
    at: moment(".permalink > time"),
    text: source(item.querySelector(".text")),
    html: htmlOf.get(item),
    long: Boolean(item.querySelector(".text.long")),
    edited: moment(".edited"),
    deleted: moment(".tombstone > time"),
    removed: item.querySelector(".reason")?.textContent,
    reactions: reactionsOf(item),
  };
}

function source(text) {
  return text?.dataset.text ?? text?.textContent ?? "";
}

// The text as the HTML parser reads it in a page that the server rendered.
function clean(text) {
  return text.replace(/\r\n?/g, "\n").replaceAll("\0", "");
}
