// Times on a page, in the reader's own time: the day and the time of day.
import { day, local } from "../shared/times.js";

for (const time of document.querySelectorAll("main time[datetime]")) {
  time.textContent = `${day(time.dateTime)}, ${local(time.dateTime)}`;
}
