import assert from "node:assert/strict";
import { test } from "node:test";

test("names in a sentence are kept apart in every language", async () => {
  for (const lang of ["en", "zh-Hans", "ru"]) {
    globalThis.document = { querySelectorAll: () => [], documentElement: { lang } };
    const { list } = await import(`../../proj/static/shared/words.js?${lang}`);
    const text = list(["alice", "bob", "charlie"]);
    assert.match(text, /^alice(, |、)bob(, |和| и |、)charlie$/, text);
  }
});
