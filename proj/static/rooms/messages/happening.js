// What happened to the room, as a line among its messages. The markup is templates/rooms/happening.html.
// And what such a line has like a message: who, when, and its own address.
import { call } from "../people/names.js";
import { exact, local } from "../../shared/times.js";

const { base } = document.getElementById("messages").dataset; // the room's own address
const parts = document.getElementById("happening-parts").content;

/** The line that `frame` ("member.added", "room.renamed", ...) is shown as, or null for one that no page shows. */
export function happening(frame) {
  const part = parts.querySelector(`[data-variant="${CSS.escape(frame.variant ?? frame.type)}"]`);
  if (!part) return null;
  const item = part.cloneNode(true);
  head(item, frame);
  const subject = item.querySelector(".subject");
  if (subject) subject.textContent = frame.text;
  for (const bdi of item.querySelectorAll(frame.type.startsWith("member.") ? "bdi" : ".author")) call(bdi);
  return item;
}

/** Write into `item` what `frame` has in common with all others. */
export function head(item, { seq, author, at }) {
  item.id = `m${seq}`;
  item.dataset.seq = seq;
  item.querySelector(".author").textContent = author;
  const link = item.querySelector(".permalink");
  link.setAttribute("href", `${base}${seq}/`);
  stamp(link.firstElementChild, at).textContent = local(at);
}

/** Give `time` this moment; its words stay. */
export function stamp(time, iso) {
  time.setAttribute("datetime", iso);
  time.title = exact(iso);
  return time;
}
