// Times of runs in local time; with their day unless it is today.
import { day, local } from "../shared/times.js";

export function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    const today = at.toDateString() === new Date().toDateString();
    time.textContent = today ? local(time.dateTime) : `${day(time.dateTime)}, ${local(time.dateTime)}`;
  }
}
