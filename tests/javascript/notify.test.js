// A message waits in the browser's storage until a tab has decided whether to notify of it.
import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

class MemoryStorage {
  #values = new Map();
  get length() {
    return this.#values.size;
  }
  key(n) {
    return [...this.#values.keys()][n];
  }
  getItem(key) {
    return this.#values.get(key) ?? null;
  }
  setItem(key, value) {
    this.#values.set(key, value);
  }
  removeItem(key) {
    this.#values.delete(key);
  }
}
const storage = new MemoryStorage();
Object.defineProperty(globalThis, "localStorage", { value: storage });

// Locks as a browser gives them to all tabs of an address.
const held = new Set();
const locks = {
  async request(key, { ifAvailable }, work) {
    assert.ok(ifAvailable);
    if (held.has(key)) return work(null);
    held.add(key);
    return Promise.resolve(work({})).finally(() => held.delete(key));
  },
};
Object.defineProperty(globalThis, "navigator", { value: { locks } });

let me = ""; // another person in each test
let people = 0;
let shown = [];
let said = []; // title and body of the last one
class Desktop extends EventTarget {
  static permission = "granted";
  constructor(title, { tag, body }) {
    super();
    shown.push(tag);
    said = [title, body];
  }
}
const link = {
  dataset: { room: "7", read: "0" },
  getAttribute: () => "/chat/ops/",
  querySelector: () => ({ textContent: "ops" }),
};
let focused = true;
globalThis.document = {
  documentElement: { lang: "en", dataset: { notify: "mentions" } },
  querySelectorAll: () => [],
  querySelector: () => ({ href: "/icon" }),
  hasFocus: () => focused,
};
globalThis.window = { Notification: Desktop };
globalThis.Notification = Desktop;
globalThis.isSecureContext = true;
globalThis.location = { href: "http://localhost/chat/", pathname: "/chat/" };
globalThis.addEventListener = () => {};
let answer = async () => {
  throw new Error("no network");
};
globalThis.fetch = (...request) => answer(...request);

await import("../../proj/static/shared/history.js"); // loaded on request: it is there at once, and no test waits for the disk
const { notify } = await import("../../proj/static/site/notify.js");
const { journal, quiet } = await import("../../proj/static/site/notification.js");

// The list of rooms of one page. A page that has ended gets no timers: `end()` forgets them all.
function page(list = { querySelector: () => link }) {
  const rooms = Object.assign(new EventTarget(), { me, list });
  notify(rooms);
  return rooms;
}
function hear(rooms, seq, more = {}) {
  const detail = { link, seq, author: "bob", called: true, mentioned: true, muted: false, ...more };
  rooms.dispatchEvent(Object.assign(new Event("message"), { detail }));
}
function end() {
  const now = Date.now();
  mock.timers.reset();
  mock.timers.enable({ apis: ["Date", "setTimeout"], now });
}
const settled = async () => {
  for (let i = 0; i < 50; i += 1) await new Promise(setImmediate);
};
const pass = async (ms) => {
  mock.timers.tick(ms);
  await settled();
};
const waiting = () => [...Array(storage.length).keys()].map((n) => storage.key(n)).filter((key) => key.includes("to-notify"));
const results = () => journal(me).map(({ id, result }) => [id, result]);

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["Date", "setTimeout"], now: 1_000_000 });
  while (storage.length) storage.removeItem(storage.key(0));
  people += 1;
  me = `alice-${people}`;
  held.clear();
  shown = [];
  focused = true;
  link.dataset.read = "0";
  location.pathname = "/chat/";
  delete document.documentElement.dataset.quiet;
});

test("a message is shown once after its wait, listed, and waits no more", async () => {
  hear(page(), 3);
  await pass(2_400);
  assert.deepEqual([shown, waiting().length], [[], 1]);
  await pass(100);
  assert.deepEqual(shown, ["signalbox:7:3"]);
  assert.deepEqual(results(), [["signalbox:7:3", "shown"]]);
  assert.deepEqual(waiting(), []);
  page();
  await pass(60_000);
  assert.equal(shown.length, 1);
});

test("the next page decides about a message whose page has ended, once", async () => {
  hear(page(), 3);
  await pass(1_000);
  end();
  page();
  await pass(1_400);
  assert.deepEqual(shown, []);
  await pass(100);
  assert.deepEqual([shown, results()], [["signalbox:7:3"], [["signalbox:7:3", "shown"]]]);
});

test("a message that the next page shows as read is listed and not shown", async () => {
  hear(page(), 3);
  end();
  link.dataset.read = "3";
  page();
  await pass(2_500);
  assert.deepEqual([shown, results()], [[], [["signalbox:7:3", "read"]]]);
});

test("of several tabs with a message, one shows it, also when one has it late", async () => {
  const tabs = [page(), page(), page()];
  for (const tab of tabs.slice(1)) hear(tab, 3);
  await pass(2_500);
  await pass(5_000);
  hear(tabs[0], 3);
  await pass(10_000);
  assert.deepEqual([shown, results(), waiting()], [["signalbox:7:3"], [["signalbox:7:3", "shown"]], []]);
});

test("a tab without the focus leaves a message to the one with the focus", async () => {
  const other = page();
  focused = false;
  hear(other, 3);
  await pass(2_500);
  assert.deepEqual(shown, []);
  await pass(500);
  assert.deepEqual(shown, ["signalbox:7:3"]);
});

test("a page that ends while it decides leaves the message to the next one", async () => {
  answer = () => new Promise(() => {}); // the text of the message never comes
  hear(page(), 3);
  await pass(2_500);
  end();
  held.clear(); // the browser frees the locks of an ended page
  answer = async () => {
    throw new Error("no network");
  };
  page();
  await pass(0);
  assert.deepEqual([shown, waiting()], [["signalbox:7:3"], []]);
});

test("a message that waited while no page was open is listed and not shown", async () => {
  hear(page(), 3);
  end();
  mock.timers.tick(3_600_000);
  page();
  await pass(0);
  assert.deepEqual([shown, results()], [[], [["signalbox:7:3", "late"]]]);
  assert.equal(journal(me)[0].at, new Date(1_000_000).toISOString());
});

test("a message of a room that the person has left is forgotten", async () => {
  hear(page(), 3);
  end();
  page({ querySelector: () => null });
  await pass(2_500);
  assert.deepEqual([shown, results(), waiting()], [[], [], []]);
});

test("messages that the person has not asked for do not wait", async () => {
  hear(page(), 3, { called: false, mentioned: false });
  assert.deepEqual(waiting(), []);
});

const run = { run: "6b2", name: "Roll out", number: 4, state: "failed", values: "version=1.4.3", url: "/runs/6b2/" };

test("the end of a run is shown at once, with its values and its room, and once in all tabs", async () => {
  const tabs = [page(), page()];
  for (const tab of tabs) hear(tab, 3, { run });
  await pass(0);
  assert.deepEqual([shown, said], [["signalbox:run:6b2"], ["run-failed", "version=1.4.3\n# ops"]]);
  await pass(10_000);
  hear(tabs[1], 3, { run });
  await pass(10_000);
  assert.deepEqual([shown.length, results(), waiting()], [1, [["signalbox:run:6b2", "shown"]], []]);
  assert.deepEqual([journal(me)[0].title, journal(me)[0].href], ["run-failed", "/runs/6b2/"]);
});

test("the end of a run without a room is shown too, and also to a person who wants no messages", async () => {
  document.documentElement.dataset.notify = "off";
  const rooms = page({ querySelector: () => null });
  hear(rooms, null, { run: { ...run, values: "" }, link: null });
  await pass(0);
  document.documentElement.dataset.notify = "mentions";
  assert.deepEqual([shown, said], [["signalbox:run:6b2"], ["run-failed", ""]]);
});

test("a person who looks at the run is not notified of its end", async () => {
  location.pathname = run.url;
  hear(page(), 3, { run });
  await pass(0);
  assert.deepEqual([shown, results()], [[], [["signalbox:run:6b2", "looking-run"]]]);
});

test("in the quiet hours a message is listed and not shown", async () => {
  const noon = new Date(1_000_000).getHours();
  const hour = (n) => `${String((n + 24) % 24).padStart(2, "0")}:00`;
  document.documentElement.dataset.quiet = `${hour(noon - 1)} ${hour(noon + 2)}`;
  hear(page(), 3);
  await pass(2_500);
  assert.deepEqual([shown, results()], [[], [["signalbox:7:3", "quiet"]]]);
});

test("quiet hours are in the person's time zone, and may go over midnight", () => {
  const at = (time) => new Date(`2026-11-28T${time}:00Z`);
  assert.ok(quiet("22:00 07:00 Asia/Shanghai", at("14:00"))); // 22:00 there
  assert.ok(quiet("22:00 07:00 Asia/Shanghai", at("22:59")));
  assert.ok(!quiet("22:00 07:00 Asia/Shanghai", at("23:00")));
  assert.ok(!quiet("22:00 07:00 Asia/Shanghai", at("13:59")));
  assert.ok(quiet("00:00 06:00 UTC", at("00:00")));
  assert.ok(!quiet("00:00 06:00 UTC", at("06:00")));
  assert.ok(quiet("12:00 13:00 UTC", at("12:30")));
  for (const none of [undefined, "", "12:00"]) assert.ok(!quiet(none, at("12:30")));
  assert.equal(typeof quiet("12:00 13:00 Nowhere/City", at("12:30")), "boolean");
});
