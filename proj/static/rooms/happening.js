// What happened to the room, as a line among its messages. The markup is templates/rooms/happening.html.
import { exact, local } from "./times.js";

const { base } = document.getElementById("messages").dataset; // the room's own address
const parts = document.getElementById("happening-parts").content;

/** The line that `frame` ("member.added", "room.renamed", ...) is shown as, or null for one that no page shows. */
export function happening(frame) {
  const part = parts.querySelector(`[data-variant="${CSS.escape(variant(frame))}"]`);
  if (!part) return null;
  const item = part.cloneNode(true);
  const time = item.querySelector("time");
  item.id = `m${frame.seq}`;
  item.dataset.seq = frame.seq;
  item.querySelector(".author").textContent = frame.author;
  const subject = item.querySelector(".subject");
  if (subject) subject.textContent = frame.text;
  item.querySelector(".permalink").setAttribute("href", `${base}${frame.seq}/`);
  time.setAttribute("datetime", frame.at);
  time.title = exact(frame.at);
  time.textContent = local(frame.at);
  return item;
}

// What people do to themselves has words of its own; proj/rooms/frames.py says the same.
function variant({ type, author, text }) {
  if (author !== text) return type;
  return { "member.added": "member.joined", "member.removed": "member.left" }[type] ?? type;
}
