// The browser ends with the lines that the server shows: tests/text/test_screen.py reads the same cases.
import assert from "node:assert/strict";
import { test } from "node:test";
import { html, screens } from "./page.js";

const { harmless, pieces, plain } = await import("../../proj/static/runs/terminal/ansi.js");
const { Screen } = await import("../../proj/static/runs/terminal/screen.js");
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

for (const [name, redrawn] of Object.entries({
  "is written over": "\x1b[A\x1b[Kb",
  "goes up and comes back": "x\x1b[A\x1b[B",
  "erases what is below": "\x1b[2A\x1b[Jb",
})) {
  test(`the ten thousandth line that ${name} changes as few lines as the hundredth`, () => {
    const screen = new Screen({ whole: true });
    let calls = 0;
    const count = () => (calls += 1);
    for (let number = 1; number <= 10_000; number += 1) {
      if (number === 10_000) calls = 0;
      screen.line(number, redrawn, count);
    }
    assert(calls <= 600, `${calls} lines`);
  });
}

test("a screen of many rows shows each text once, in the order of the rows", () => {
  const screen = new Screen({ whole: true });
  const shown = new Map();
  const rows = Array.from({ length: 40 }, (_, n) => `row ${n}`);
  const write = (line) => screen.line(++written, line, (number, text) => shown.set(number, text));
  let written = 0;
  for (const row of rows) write(row);
  for (let n = 0; n < 300; n += 1) {
    write(`\x1b[20A\x1b[Kagain ${n}`); // and then down to the end
    rows[rows.length - 20] = `again ${n}`;
    write(`\x1b[19B\x1b[Ksame ${n}`);
    rows.push(`same ${n}`);
  }
  const texts = [...shown].sort(([a], [b]) => a - b).filter(([, text]) => text).map(([, text]) => plain(text));
  assert.deepEqual(texts, rows);
});
