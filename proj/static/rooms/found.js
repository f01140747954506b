// What was found, in the reader's own time: the day and the time of day.
import { day, local } from "./times.js";

for (const time of document.querySelectorAll(".found time")) {
  time.textContent = `${day(time.dateTime)}, ${local(time.dateTime)}`;
}
