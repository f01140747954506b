import assert from "node:assert/strict";
import { test } from "node:test";
import { Heights } from "../../proj/static/runs/output/heights.js";

const BASE = 10;

// The same by adding up: `special` has the heights that are not BASE.
function sum(special, last) {
  let top = 0;
  for (let line = 1; line <= last; line += 1) top += special.get(line) ?? BASE;
  return top;
}

test("tops and totals are the sums of the heights", () => {
  const heights = new Heights(BASE);
  heights.count = 2_000;
  const special = new Map([[1, 30], [2, 0], [256, 20], [257, 0], [600, 25], [1_999, 40]]);
  for (const [line, height] of special) heights.set(line, height);
  for (const line of [1, 2, 3, 255, 256, 257, 258, 512, 513, 601, 1_999, 2_000]) {
    assert.equal(heights.top(line), sum(special, line - 1), `line ${line}`);
    assert.equal(heights.of(line), special.get(line) ?? BASE);
  }
  assert.equal(heights.total, sum(special, 2_000));
});

test("each line with a height is found at its top and at its last pixel", () => {
  const heights = new Heights(BASE);
  heights.count = 1_000;
  for (const [line, height] of [[3, 35], [4, 0], [5, 0], [256, 12], [700, 0]]) heights.set(line, height);
  for (let line = 1; line <= 1_000; line += 1) {
    if (!heights.of(line)) continue;
    assert.equal(heights.at(heights.top(line)), line);
    assert.equal(heights.at(heights.top(line) + heights.of(line) - 1), line);
  }
  assert.equal(heights.at(-5), 1);
  assert.equal(heights.at(1_000_000), 1_000);
});

test("a folded line is skipped, and stays folded when the others are measured anew", () => {
  const heights = new Heights(BASE);
  heights.count = 10;
  for (const line of [3, 4]) heights.set(line, 0);
  heights.set(6, 50);
  assert.equal(heights.after(2), 5);
  heights.reset(20);
  assert.deepEqual([heights.of(2), heights.of(3), heights.of(6), heights.total], [20, 0, 20, 160]);
});
