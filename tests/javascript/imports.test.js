// Rules for imports between the modules of the pages.
import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { closure, modules, pages, templates } from "./modules.js";

test("every import names a module that exists", () => {
  for (const [name, { now, later }] of Object.entries(modules)) {
    for (const imported of [...now, ...later]) assert.ok(modules[imported], `${name} imports ${imported}`);
  }
});

test("every import() is written for later(), with the query of a retry", () => {
  for (const [name, { text, later }] of Object.entries(modules)) {
    assert.equal(text.match(/\bimport\((?!\))/g)?.length ?? 0, later.length, name);
  }
});

test("no module imports itself through others", () => {
  for (const name of Object.keys(modules)) {
    const { now, later } = modules[name];
    assert.ok(!closure([...now, ...later], true).has(name), `a circle through ${name}`);
  }
});

test("folders import each other one way, and none has more than twelve modules", () => {
  const folders = {};
  for (const [name, { now, later }] of Object.entries(modules)) {
    const own = path.dirname(name);
    folders[own] ??= { size: 0, imported: new Set() };
    folders[own].size += 1;
    for (const imported of [...now, ...later]) if (path.dirname(imported) !== own) folders[own].imported.add(path.dirname(imported));
  }
  const seen = new Set();
  const visit = (folder, below) => {
    assert.ok(!below.includes(folder), `a circle of folders: ${[...below, folder].join(" -> ")}`);
    if (seen.has(folder)) return;
    for (const imported of folders[folder].imported) visit(imported, [...below, folder]);
    seen.add(folder);
  };
  for (const [folder, { size }] of Object.entries(folders)) {
    assert.ok(size <= 12, `${folder}: ${size} modules`);
    visit(folder, []);
  }
});

test("every module belongs to a page", () => {
  const used = closure(["site/code.js", ...Object.values(pages).flat()], true);
  assert.deepEqual(Object.keys(modules).filter((name) => !used.has(name)), []);
});

// The browser remembers a dependency that could not be fetched, and a retry of the importing module asks for it at the
// same address again. A dependency that the page has loaded already is not fetched at all.
test("a module that is loaded on demand imports statically only modules that its pages have loaded already", () => {
  assert.ok(Object.keys(pages).length > 10);
  for (const [page, scripts] of Object.entries(pages)) {
    const loaded = closure(scripts);
    const wrong = [];
    for (const name of closure(scripts, true)) {
      if (loaded.has(name)) continue;
      wrong.push(...modules[name].now.filter((imported) => !loaded.has(imported)).map((imported) => `${name} imports ${imported}`));
    }
    assert.deepEqual(wrong, [], page);
  }
});

test("templates name modules by the tag that preloads their imports", () => {
  for (const [name, text] of Object.entries(templates)) assert.ok(!text.includes("<script"), name);
});
