import assert from "node:assert/strict";
import { test } from "node:test";
import { Log } from "../../proj/static/rooms/log/log.js";

function opened(seq = 0) {
  const log = new Log({ epoch: "e", seq });
  const applied = [];
  const holes = [];
  log.addEventListener("event", ({ detail }) => applied.push(detail.seq));
  log.addEventListener("hole", () => holes.push(log.seq));
  return { log, applied, holes };
}

test("any order of arrival gives the same log, each event once", () => {
  const orders = [[1, 2, 3, 4], [4, 3, 2, 1], [2, 1, 2, 4, 4, 3, 1]];
  for (const order of orders) {
    const { log, applied } = opened();
    for (const seq of order) log.receive({ seq });
    assert.deepEqual(applied, [1, 2, 3, 4]);
    assert.equal(log.missing, 0);
  }
});

test("a hole is reported, and filled", () => {
  const { log, applied, holes } = opened(5);
  log.receive({ seq: 7 });
  assert.deepEqual([applied, holes, log.missing], [[], [5], 2]);
  log.receive({ seq: 6 });
  assert.deepEqual([applied, log.missing], [[6, 7], 0]);
});

test("the head alone reports that events are missing", () => {
  const { log, holes } = opened(5);
  log.head(8);
  log.head(6);
  assert.deepEqual([holes, log.missing], [[5, 5], 3]);
});

test("events that come while the page reloads its state are applied after it", () => {
  const { log, applied } = opened(5);
  log.hold();
  for (const seq of [21, 20, 22]) log.receive({ seq });
  assert.ok(log.holding);
  log.restart({ epoch: "f", seq: 20 });
  assert.deepEqual([applied, log.seq, log.epoch, log.missing, log.holding], [[21, 22], 22, "f", 0, false]);
});

test("a new connection forgets events that wait: the replay brings them", () => {
  const { log, applied } = opened(1);
  log.receive({ seq: 3 });
  log.begin(3);
  log.receive({ seq: 2 });
  assert.deepEqual([applied, log.missing], [[2], 1]);
});
