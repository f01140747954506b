// Groups messages: under one name when their author writes on within the server's `groupSeconds`, and below their day.
// Both depend only on a message and the one before it, so a page that grew equals a page that was loaded.
import { day } from "../../shared/times.js";
import { state } from "../../shared/state.js";

export const GROUP_MS = 1_000 * state.rules.groupSeconds;

/** Arrange these consecutive messages, and the one after them. */
export function arrange(items) {
  const last = items[items.length - 1];
  for (const item of items) place(item);
  if (last?.nextElementSibling) place(last.nextElementSibling);
}

function place(item) {
  const before = item.previousElementSibling;
  const sameDay = before && day(moment(before)) === day(moment(item));
  if (sameDay) delete item.dataset.day;
  else item.dataset.day = day(moment(item));
  item.classList.toggle("grouped", Boolean(sameDay) && follows(item, before));
}

/** Whether `item`, of the moment `at`, goes on below the name of the one before it. */
export function follows(item, before, at = moment(item)) {
  if (!item.matches(".message") || !before.matches(".message")) return false;
  const alone = ".tombstone, .event-card";
  if (heading(item) !== heading(before) || before.querySelector(alone) || item.querySelector(alone)) return false;
  return new Date(at) - new Date(moment(before)) < GROUP_MS;
}

// The sign-in name and the display name, which may have changed between two messages.
function heading(item) {
  return JSON.stringify([".author", ".called"].map((name) => item.querySelector(name)?.textContent));
}

function moment(item) {
  return item.querySelector(".permalink > time").getAttribute("datetime");
}
