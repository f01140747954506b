// Times as people read them: local, short, with the exact UTC on hover and in `datetime`.
const lang = document.documentElement.lang || "en";
// What the person has chosen: 24 hours, 12, or what the browser's own language has.
const CHOICES = { 24: { hourCycle: "h23" }, 12: { hourCycle: "h12" }, browser: {} };
const { clock: choice } = document.documentElement.dataset;
const place = choice === "browser" ? undefined : lang;
const hours = { hour: "2-digit", minute: "2-digit", ...CHOICES[choice] };
const clock = new Intl.DateTimeFormat(place, hours);
const dated = new Intl.DateTimeFormat(place, { weekday: "short", day: "numeric", month: "short", ...hours });
const yearly = new Intl.DateTimeFormat(place, { year: "numeric", month: "short", day: "numeric", ...hours });

/** `iso` (the protocol's form) in UTC to the second, exactly as templates/rooms/message.html writes it. */
export function exact(iso) {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
}

/** `iso` in local time; the day only when it is not today, the year only when it is not this one. */
export function local(iso, now = new Date()) {
  const at = new Date(iso);
  if (at.toDateString() === now.toDateString()) return clock.format(at);
  return (at.getFullYear() === now.getFullYear() ? dated : yearly).format(at);
}

/** Write the local time into every message's time below `root`. */
export function localise(root) {
  const now = new Date();
  for (const time of root.querySelectorAll(".permalink > time")) time.textContent = local(time.dateTime, now);
}

/** At midnight "14:05" means yesterday: write the times below `root` anew. */
export function localiseDaily(root) {
  const now = new Date();
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1, 0, 0, 1);
  setTimeout(() => {
    localise(root);
    localiseDaily(root);
  }, midnight - now);
}
