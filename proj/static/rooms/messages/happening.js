// Happenings: changes of the room, as lines among its messages. The markup is templates/rooms/happening.html.
// Also the parts that messages have as well: author, time, address.
import { call } from "../people/names.js";
import { exact, local } from "../../shared/times.js";

const { base } = document.getElementById("messages").dataset; // the room's own address
const parts = document.getElementById("happening-parts").content;

/** The line that shows `frame` ("member.added", "room.renamed", ...); null: pages show none. */
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

/** Write the parts of `frame` that all frames have into `item`. */
export function head(item, { seq, author, at }) {
  item.id = `m${seq}`;
  item.dataset.seq = seq;
  item.querySelector(".author").textContent = author;
  const link = item.querySelector(".permalink");
  link.setAttribute("href", `${base}${seq}/`);
  stamp(link.firstElementChild, at).textContent = local(at);
}

/** Set the moment of `time`; its words stay. */
export function stamp(time, iso) {
  time.setAttribute("datetime", iso);
  time.title = exact(iso);
  return time;
}
