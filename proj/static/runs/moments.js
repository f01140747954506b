// Times of runs as the reader's clock has them; their day where it is not today.
import { day, local } from "../shared/times.js";

export function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    const today = at.toDateString() === new Date().toDateString();
    time.textContent = today ? local(time.dateTime) : `${day(time.dateTime)}, ${local(time.dateTime)}`;
  }
}
