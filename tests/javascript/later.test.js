import assert from "node:assert/strict";
import { test } from "node:test";
import { later } from "../../proj/static/shared/later.js";

test("a module is loaded once, and made into one result", async () => {
  const asked = [];
  const load = later(
    async (retry) => asked.push(retry),
    () => ({}),
  );
  assert.equal(await load(), await load());
  assert.deepEqual(asked, [""]);
});

test("without options the result is the module itself", async () => {
  const module = {};
  assert.equal(await later(async () => module)(), module);
});

test("each retry asks for another address", async () => {
  const asked = [];
  const load = later(async (retry) => {
    asked.push(retry);
    if (asked.length < 3) throw new TypeError("Failed to fetch dynamically imported module");
    return "module";
  });
  assert.deepEqual([await load(), await load(), await load(), await load()], [null, null, "module", "module"]);
  assert.deepEqual(asked, ["", "?retry=1", "?retry=2"]);
});

test("callers that wait for one attempt share its failure", async () => {
  let asked = 0;
  const load = later(async () => {
    asked += 1;
    throw new TypeError("Failed to fetch dynamically imported module");
  });
  assert.deepEqual(await Promise.all([load(), load()]), [null, null]);
  assert.equal(asked, 1);
});
