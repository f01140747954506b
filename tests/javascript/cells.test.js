// The browser shows a line as the server does: tests/text/test_ansi.py reads the same cases.
import assert from "node:assert/strict";
import { test } from "node:test";
import { cases, html } from "./page.js";

const { follow, harmless, opening, pieces, plain } = await import("../../proj/static/runs/terminal/ansi.js");
const { settled } = await import("../../proj/static/runs/terminal/cells.js");
const { Pen } = await import("../../proj/static/runs/terminal/pen.js");

for (const one of cases) {
  test(`a line reads as in a terminal: ${one.name}`, () => {
    const pen = new Pen();
    follow(one.pen ?? "", pen);
    const line = settled(one.input, pen);
    if ("html" in one) assert.equal(html(pieces(harmless(line))), one.html);
    if ("plain" in one) assert.equal(plain(line), one.plain);
    if ("plain_length" in one) assert.equal(plain(line).length, one.plain_length);
    if ("after" in one) assert.equal(opening(pen), one.after);
    assert.equal(settled(line), line);
  });
}
