import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

// A browser's storage and its events, as far as the outbox needs them.
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
Object.defineProperty(globalThis, "localStorage", { value: new MemoryStorage() });
Object.defineProperty(globalThis, "sessionStorage", { value: new MemoryStorage() });
globalThis.addEventListener = () => {};
const { Outbox } = await import("../../proj/static/rooms/writing/outbox.js");

let room = 0;
let outbox;
let sent;
const texts = () => sent.map(({ message }) => message);
const ids = () => [...outbox.items.keys()];

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["Date", "setTimeout"], now: 1_000_000 });
  room += 1;
  sent = [];
  outbox = new Outbox({ room, me: "alice" });
});

test("frames wait for a connection, and go out one at a time, in order", () => {
  for (const message of ["one", "two", "three"]) outbox.add({ type: "post", message });
  assert.deepEqual([...outbox.items.values()].map((item) => outbox.state(item)), ["waiting", "waiting", "waiting"]);
  outbox.connected((frame) => sent.push(frame));
  assert.deepEqual(texts(), ["one"]);
  outbox.acknowledge(sent[0].client_id);
  assert.deepEqual(texts(), ["one", "two"]);
  outbox.acknowledge(sent[1].client_id);
  outbox.acknowledge(sent[2].client_id);
  assert.deepEqual([texts(), outbox.items.size], [["one", "two", "three"], 0]);
});

test("a frame without an acknowledgement is sent again, with the same client_id", () => {
  outbox.connected((frame) => sent.push(frame));
  outbox.add({ type: "post", message: "one" });
  mock.timers.tick(5_100);
  assert.deepEqual(texts(), ["one", "one"]);
  assert.equal(sent[0].client_id, sent[1].client_id);
  assert.equal(outbox.state(outbox.items.get(sent[0].client_id)), "unconfirmed");
});

test("the outbox survives a reload", () => {
  outbox.add({ type: "post", message: "one" });
  outbox.add({ type: "post", message: "two" });
  const known = ids();
  outbox = new Outbox({ room, me: "alice" });
  assert.deepEqual(ids(), known);
  outbox.connected((frame) => sent.push(frame));
  assert.deepEqual(texts(), ["one"]);
});

test("a final refusal lets the next frame pass; a retry sends the refused one", () => {
  outbox.connected((frame) => sent.push(frame));
  outbox.add({ type: "post", message: "one" });
  outbox.add({ type: "post", message: "two" });
  const [first, second] = ids();
  outbox.refuse(first, { code: "too_long", detail: "This is too long." });
  assert.deepEqual([texts(), outbox.state(outbox.items.get(first))], [["one", "two"], "failed"]);
  outbox.acknowledge(second);
  outbox.retry(first);
  assert.deepEqual(texts(), ["one", "two", "one"]);
});

test("a refusal with retry_after pauses the whole outbox", () => {
  outbox.connected((frame) => sent.push(frame));
  outbox.add({ type: "post", message: "one" });
  outbox.refuse(undefined, { code: "busy", detail: "Busy.", retry_after: 3 });
  assert.equal(outbox.state(outbox.items.get(ids()[0])), "paused");
  mock.timers.tick(2_900);
  assert.equal(sent.length, 1);
  mock.timers.tick(200);
  assert.equal(sent.length, 2);
});

test("a frame that is stored but not shown yet stays until the page shows it", () => {
  outbox.connected((frame) => sent.push(frame));
  outbox.add({ type: "post", message: "one" });
  outbox.stored(ids()[0], 7);
  outbox.settle(6);
  assert.equal(outbox.items.size, 1);
  mock.timers.tick(60_000);
  assert.equal(sent.length, 1);
  outbox.settle(7);
  assert.equal(outbox.items.size, 0);
});
