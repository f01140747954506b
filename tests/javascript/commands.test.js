// Which texts are commands: static/rooms/writing/commands.js.
import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.document = { documentElement: { lang: "en" }, querySelectorAll: () => [], querySelector: () => null };

const { Commands } = await import("../../proj/static/rooms/writing/commands.js");

function taken(text) {
  const composer = Object.assign(new EventTarget(), { restored: "", restore: (back) => (composer.restored = back) });
  const element = () => Object.assign(new EventTarget(), { classList: { toggle: () => {} } });
  const commands = new Commands({ composer, line: element(), button: element(), list: null, room: "ops", urls: {} });
  return { message: commands.take(text), restored: composer.restored };
}

for (const text of ["/etc/nginx/nginx.conf", "/rnu-web x", " /rnu web", "// a comment", "//server/share", "/2 of it", "/", "no /run"]) {
  test(`${JSON.stringify(text)} is a message`, () => assert.deepEqual(taken(text), { message: text, restored: "" }));
}

for (const text of ["/rnu web", "/srv is full", "/RUN web", "/помощь", "/shrug\nand more"]) {
  test(`${JSON.stringify(text)} is refused and put back`, () => assert.deepEqual(taken(text), { message: null, restored: text }));
}

test("a doubled slash before a word is one slash of a message", () => {
  assert.equal(taken("//run web").message, "/run web");
  assert.equal(taken("//help").message, "/help");
});

test("/help puts the slash into the field, which lists the commands", () => {
  assert.deepEqual(taken("/help"), { message: null, restored: "/" });
});
