import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Pace } from "../../proj/static/rooms/writing/pace.js";

test("a burst goes out at once, and the rest below the server's rate", () => {
  mock.timers.enable({ apis: ["Date"], now: 1_000_000 });
  const pace = new Pace(10);
  const sent = [];
  for (let n = 0; n < 100; n += 1) {
    const now = Date.now();
    if (pace.next() > now) mock.timers.tick(Math.ceil(pace.next() - now));
    pace.take();
    sent.push(Date.now() - 1_000_000);
  }
  mock.timers.reset();
  assert.ok(sent.filter((at) => at === 0).length >= 10);
  for (const at of sent) assert.ok(sent.filter((other) => other >= at && other < at + 10_000).length <= 100);
  assert.ok(sent.at(-1) > 9_000);
});

test("a rate of 0 has no limit", () => {
  const pace = new Pace(0);
  for (let n = 0; n < 1_000; n += 1) pace.take();
  assert.ok(pace.next() <= Date.now());
});
