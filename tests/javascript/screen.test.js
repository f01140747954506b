// The browser ends with the lines that the server shows: tests/text/test_screen.py reads the same cases.
import assert from "node:assert/strict";
import { test } from "node:test";
import { html, screens } from "./page.js";

const { harmless, pieces, plain } = await import("../../proj/static/runs/terminal/ansi.js");
const { Lines } = await import("../../proj/static/runs/output/lines.js");

const each = (lines, shown) => Array.from({ length: lines.count }, (_, n) => lines.text(n + 1)).map((text) => (text === null ? null : shown(text)));

for (const one of screens) {
  test(`live output ends as in a terminal: ${one.name}`, () => {
    for (const size of [1, 7, 1_000]) {
      const lines = new Lines({ tail: { first: 1, lines: [], offset: 0, whole: true }, url: "/lines/" });
      for (let offset = 0; offset < one.input.length; offset += size) {
        const text = one.input.slice(offset, offset + size);
        lines.append({ offset, end: offset + text.length, text });
      }
      if ("lines" in one) assert.deepEqual(each(lines, plain), one.lines, `pieces of ${size}`);
      if ("html" in one) assert.deepEqual(each(lines, (text) => html(pieces(harmless(text)))), one.html, `pieces of ${size}`);
    }
  });
}
