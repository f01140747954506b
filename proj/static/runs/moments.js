// Times of runs in local time; with their day unless it is today, or stands above them.
import { day, local } from "../shared/times.js";

export function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    const alone = time.closest("[data-days]") || at.toDateString() === new Date().toDateString();
    time.textContent = alone ? local(time.dateTime) : `${day(time.dateTime)}, ${local(time.dateTime)}`;
  }
  for (const list of root.querySelectorAll("[data-days]")) head(list);
}

// Put each day above the first of its runs.
function head(list) {
  let before = "";
  for (const item of [...list.children]) {
    const name = day(item.querySelector("time").dateTime);
    if (name === before) continue;
    before = name;
    const line = document.createElement("li");
    line.className = "day";
    line.append(Object.assign(document.createElement("h2"), { textContent: name }));
    item.before(line);
  }
}
