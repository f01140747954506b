// How far a person has read: static/rooms/log/reading.js.
import assert from "node:assert/strict";
import { test } from "node:test";
import { progress } from "../../proj/static/rooms/log/reading.js";

const items = [1, 2, 3, 4, 5, 6].map((seq) => ({ seq, counts: seq !== 4 })); // 4 is one's own
const whole = { items, begin: true, end: true, head: 8 };

test("the mark moves over messages that were on the screen, from the first unread one", () => {
  const found = progress({ read: 2, count: 3, first: 3 }, { ...whole, shown: new Set([2, 3, 4]) });
  assert.deepEqual(found, { read: 3, count: 2, first: 5 });
});

test("the mark stays when the first unread message is above the screen", () => {
  const found = progress({ read: 2, count: 3, first: 3 }, { ...whole, shown: new Set([5, 6]) });
  assert.deepEqual(found, { read: 2, count: 3, first: 3 });
});

test("the mark stays when the first unread message is not loaded", () => {
  const there = { items, shown: new Set([5, 6]), begin: false, end: true, head: 8 };
  assert.deepEqual(progress({ read: 0, count: 40, first: 0 }, there), { read: 0, count: 40, first: 0 });
});

test("with the last message the mark goes to the head: what follows is nothing to read", () => {
  assert.deepEqual(progress({ read: 2, count: 3, first: 3 }, { ...whole, shown: new Set([3, 4, 5, 6]) }), { read: 8, count: 0, first: 3 });
});

test("in the middle of a room the mark goes no further than the page", () => {
  const there = { items, shown: new Set([1, 2, 3, 4, 5, 6]), begin: true, end: false, head: 90 };
  assert.deepEqual(progress({ read: 0, count: 50, first: 1 }, there), { read: 6, count: 45, first: 1 });
});

test("nothing moves for a page that shows nothing, even without unread messages", () => {
  const found = progress({ read: 6, count: 0, first: 0 }, { ...whole, shown: new Set([]), blind: true });
  assert.deepEqual(found, { read: 6, count: 0, first: 0 });
});

test("messages that were on the screen one after the other count together", () => {
  const found = progress({ read: 0, count: 5, first: 1 }, { ...whole, shown: new Set([5, 6, 1, 2]) });
  assert.deepEqual(found, { read: 2, count: 3, first: 3 });
});
