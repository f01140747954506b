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
class Desktop extends EventTarget {
  static permission = "granted";
  constructor(_title, { tag }) {
    super();
    shown.push(tag);
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
globalThis.location = { href: "http://localhost/" };
globalThis.addEventListener = () => {};
let answer = async () => {
  throw new Error("no network");
};
globalThis.fetch = (...request) => answer(...request);

await import("../../proj/static/shared/history.js"); // loaded on request: it is there at once, and no test waits for the disk
const { notify } = await import("../../proj/static/site/notify.js");
const { journal } = await import("../../proj/static/site/notification.js");

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
