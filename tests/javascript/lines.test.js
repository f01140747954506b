import assert from "node:assert/strict";
import { test } from "node:test";
import "./page.js";

const { Lines } = await import("../../proj/static/runs/output/lines.js");

const started = (tail = { first: 1, lines: [], offset: 0 }) => new Lines({ tail, url: "/lines/" });
const texts = (lines) => Array.from({ length: lines.count }, (_, n) => lines.text(n + 1));

test("any cut of the output gives the same lines", () => {
  const output = "one\ntwo\n\nfour: 10 %\rfour: 20 %\nfive";
  for (let size = 1; size <= output.length; size += 1) {
    const lines = started();
    for (let offset = 0; offset < output.length; offset += size) {
      const text = output.slice(offset, offset + size);
      assert.ok(lines.append({ offset, end: offset + text.length, text }));
    }
    assert.deepEqual(texts(lines), ["one", "two", "", "four: 20 %", "five"], `pieces of ${size}`);
  }
});

test("a repeated piece changes nothing, and a gap is reported", () => {
  const lines = started();
  const piece = { offset: 0, end: 4, text: "one\n" };
  assert.ok(lines.append(piece));
  assert.ok(lines.append(piece));
  assert.equal(lines.append({ offset: 9, end: 12, text: "far" }), false);
  assert.deepEqual([texts(lines), lines.end], [["one"], 4]);
});

test("the output goes on with the last line of the tail", () => {
  const lines = started({ first: 8, lines: ["eight", "nin"], offset: 100 });
  lines.append({ offset: 100, end: 106, text: "nine\nt" });
  assert.deepEqual([lines.count, lines.text(8), lines.text(9), lines.text(10)], [10, "eight", "nine", "t"]);
});

test("after skipped output a line without its beginning is not shown as a whole one", () => {
  const lines = started();
  lines.append({ offset: 0, end: 4, text: "one\n" });
  lines.begin(1_000, 50);
  lines.append({ offset: 1_000, end: 1_010, text: "rest\nnext\n" });
  assert.deepEqual([lines.text(50), lines.text(51), lines.count], [undefined, "next", 51]);
});
