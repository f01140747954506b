// The beginnings of names that completion offers people for.
import assert from "node:assert/strict";
import { test } from "node:test";
import { typedNames } from "../../proj/static/rooms/people/mention.js";

const cases = {
  "@bo": ["bo"],
  "hi @": [""],
  "请@bo": ["bo"],
  "，@bo": ["bo"],
  "（@bo": ["bo"],
  "안녕@bo": ["bo"],
  "@bob@cor": ["bob@cor"],
  "@alice/@bo": ["bo"],
  "@alice,@bo": ["bo"],
  "@alice你好@bo": ["alice你好@bo", "bo"],
  "_@bo": ["bo"],
  "请@Jose\u0301": ["Jose\u0301"],
  "mail bob@": [],
  "mail bob@al": [],
  "src/@bo": [],
  "x.@bo": [],
  "bob_@al": [],
  "@bob ": [],
};

test("a name is typed behind an @ that is no part of an address or a path", () => {
  for (const [text, typed] of Object.entries(cases)) assert.deepEqual(typedNames(text), typed, text);
});

test("many signs cost little", () => {
  assert.equal(typedNames("@".repeat(10_000)).length, 90);
});
