// Notifications on this device: whether they are possible, the buttons to allow and to test them, and their journal.
import { exact, local } from "../shared/times.js";
import { say } from "../shared/words.js";
import { display, journal, state } from "../site/notification.js";
import { rooms } from "../site/rooms.js";

const byId = (id) => document.getElementById(id);
const ask = byId("notifications-ask");
const test = byId("notifications-test");
const list = byId("notifications-journal");
const part = byId("journal-part").content.querySelector("li");

ask.addEventListener("click", async () => {
  await Notification.requestPermission();
  show();
});

test.addEventListener("click", () => {
  const done = display(say("test-title"), { body: say("test-body"), tag: "signalbox:test" });
  byId("notifications-state").textContent = say(`tested-${done}`);
});

// Quiet hours that begin to exist are those of this device's place.
for (const field of document.querySelectorAll(".quiet-hours input[type=time]"))
  field.addEventListener("input", () => {
    byId("id_time_zone").value ||= Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
  });

addEventListener("storage", tell); // another tab has written an entry
setInterval(tell, 2_000); // or this tab
show();
tell();

function show() {
  byId("notifications-state").textContent = say(`state-${state()}`);
  ask.hidden = state() !== "default";
  test.hidden = state() !== "granted";
}

function tell() {
  const entries = journal(rooms.me);
  byId("notifications-none").hidden = entries.length > 0;
  const newest = entries[0] ? `${entries[0].id} ${entries[0].result}` : "";
  if (list.dataset.newest === newest) return;
  list.dataset.newest = newest;
  list.replaceChildren(...entries.map(entry));
}

function entry({ author, room, title, href, at, result }) {
  const item = part.cloneNode(true);
  item.querySelector("a").setAttribute("href", href);
  item.querySelector(".about").textContent = title ?? say("said-in", { author, room });
  const time = item.querySelector("time");
  time.dateTime = at;
  time.title = exact(at);
  time.textContent = local(at);
  item.querySelector(".result").textContent = say(`result-${result}`);
  return item;
}
