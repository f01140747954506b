// Times as people read them: local, below their day, with the exact UTC on hover and in `datetime`.
const lang = document.documentElement.lang || "en";
// The person's choice: 24 hours, 12 hours, or the convention of the browser's language.
const CHOICES = { 24: { hourCycle: "h23" }, 12: { hourCycle: "h12" }, browser: {} };
const { clock: choice } = document.documentElement.dataset;
const place = choice === "browser" ? undefined : lang;
const clock = new Intl.DateTimeFormat(place, { hour: "2-digit", minute: "2-digit", ...CHOICES[choice] });
const DAY = { weekday: "long", day: "numeric", month: "long" };
const days = new Intl.DateTimeFormat(place, DAY);
const olderDays = new Intl.DateTimeFormat(place, { ...DAY, year: "numeric" });

/** `iso` (the protocol's form) in UTC to the second, exactly as templates/rooms/message.html writes it. */
export function exact(iso) {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
}

/** `iso` in local time. */
export function local(iso) {
  return clock.format(new Date(iso));
}

/** The local day of `iso`, with the year unless it is the current one. */
export function day(iso, now = new Date()) {
  const at = new Date(iso);
  return (at.getFullYear() === now.getFullYear() ? days : olderDays).format(at);
}

/** Write the local time into every message's time below `root`. */
export function localise(root) {
  for (const time of root.querySelectorAll(".permalink > time")) time.textContent = local(time.dateTime);
}
