// The beginnings of names for which completion offers people and rooms.
import assert from "node:assert/strict";
import { test } from "node:test";
import { typedNames, typedRoom } from "../../proj/static/rooms/people/typed.js";

const cases = {
  "@bo": ["bo"],
  "hi @": [""],
  "请@bo": ["bo"],
  "，@bo": ["bo"],
  "，＠bo": ["bo"],
  "bob＠al": [],
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

test("a room is typed behind a # that is no part of a word or an address", () => {
  const rooms = { "#op": "op", "看#op": "op", "(#运": "运", "#": undefined, "C#op": undefined, "/#op": undefined, "##op": undefined };
  for (const [text, typed] of Object.entries(rooms)) assert.equal(typedRoom(text), typed, text);
});
