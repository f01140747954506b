// The counts beside every page, as the socket's frames change them.
import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

mock.timers.enable({ apis: ["setTimeout", "setInterval"] });

const element = () => ({
  dataset: {},
  hidden: true,
  children: [{}, {}],
  classList: { toggle: () => {} },
  addEventListener: () => {},
  getAttribute: () => "",
});
const parts = { unread: element(), mentioned: element() };
const classes = {};
const link = {
  dataset: {},
  ariaCurrent: null,
  matches: () => false,
  getAttribute: () => "/chat/ops/",
  querySelector: (selector) => parts[selector.split(".").at(-1)],
  classList: { toggle: (name, on) => (classes[name] = on) },
};
const list = {
  dataset: { me: "alice", url: "/side/" },
  querySelector: (selector) => (selector === '[data-room="7"]' ? link : null),
  querySelectorAll: () => [link],
};
const others = { "side-rooms": list, elsewhere: element() };
globalThis.document = {
  title: "Settings",
  documentElement: { lang: "en", dataset: {} },
  getElementById: (id) => others[id],
  querySelector: () => ({ ...element(), href: "/icon", dataset: { unread: "/unread", mentioned: "/mentioned" } }),
  querySelectorAll: () => [],
  addEventListener: () => {},
};
globalThis.fetch = async () => {
  throw new Error("no network");
};
globalThis.location = { href: "http://localhost/settings/" };

const { rooms } = await import("../../proj/static/site/rooms.js");
let heard = [];
rooms.addEventListener("message", ({ detail }) => heard.push(detail));

const run = { run: "6b2", name: "Roll out", number: 4, state: "failed", values: "", url: "/runs/6b2/" };
const news = (...seqs) => rooms.hear({ type: "news", rooms: [[7, seqs.map((seq) => [seq, "bob", []]), false]] });
const called = (seq, more) => rooms.hear({ type: "called", room: 7, seq, ...more });
const counts = () => [Number(link.dataset.unread), Number(link.dataset.mentioned)];

beforeEach(() => {
  link.dataset = { room: "7", head: "10", read: "10", unread: "0", mentioned: "0" };
  heard = [];
});

test("the end of a run makes its room unread like a mention, and is dispatched", () => {
  called(11, { run });
  assert.deepEqual(counts(), [0, 1]);
  assert.ok(classes.unread);
  assert.equal(document.title, "(1) Settings");
  assert.deepEqual([heard.length, heard[0].run, heard[0].called], [1, run, true]);
  rooms.hear({ type: "read", room: 7, seq: 11 });
  assert.deepEqual(counts(), [0, 0]);
});

test("a call may come before the news of earlier messages, and after those of later ones", () => {
  called(12, { run });
  news(11, 13);
  assert.deepEqual(counts(), [2, 1]);
  called(14, { author: "bob" });
  called(14, { author: "bob" });
  news(14);
  assert.deepEqual(counts(), [3, 2]);
});

test("a call that the server has counted counts no more", () => {
  called(9, { run });
  assert.deepEqual(counts(), [0, 0]);
  news(11);
  called(10, { run });
  assert.deepEqual(counts(), [1, 0]);
});

test("a run without a room, or in a strange one, is dispatched and counts nowhere", () => {
  rooms.hear({ type: "called", room: null, seq: null, run });
  rooms.hear({ type: "called", room: 99, seq: 5, run });
  assert.deepEqual([heard.length, counts()], [2, [0, 0]]);
});

test("a keyword in a room that is not in the list waits for the list", () => {
  rooms.hear({ type: "called", room: 99, seq: 5, author: "bob" });
  assert.equal(heard.length, 0);
});
