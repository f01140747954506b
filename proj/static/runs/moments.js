// Times of runs in local time; with their day unless it is today, or stands above them.
import { day, local } from "../shared/times.js";

export function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    const alone = time.closest("[data-days]") || at.toDateString() === new Date().toDateString();
    time.textContent = alone ? local(time.dateTime) : `${day(time.dateTime)}, ${local(time.dateTime)}`;
  }
  for (const list of [...root.querySelectorAll("[data-days]")].reverse()) head(list); // the inner ones first
}

// Put each day above the first of its runs. Below a run of a list that day stands already, unless there are several.
function head(list) {
  const items = [...list.children];
  const days = items.map((item) => day(item.querySelector("time").dateTime));
  if (list.parentElement.closest("[data-days]") && new Set(days).size === 1) return;
  for (const [n, item] of items.entries()) {
    if (days[n] === days[n - 1]) continue;
    const line = document.createElement("li");
    line.className = "day";
    line.append(Object.assign(document.createElement("h2"), { textContent: days[n] }));
    item.before(line);
  }
}
