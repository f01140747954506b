// A room's page: composes its parts and hands each frame to its part.
import { later } from "../shared/later.js";
import { state } from "../shared/state.js";
import { newDevice } from "../site/notify.js";
import { rooms } from "../site/rooms.js";
import { CatchUp } from "./log/catchup.js";
import { Commands } from "./writing/commands.js";
import { Composer } from "./writing/composer.js";
import { Connection } from "../shared/connection.js";
import { Follow } from "./log/follow.js";
import { SignedOut } from "../shared/history.js";
import { Log } from "./log/log.js";
import { learn } from "./people/names.js";
import { bar } from "./messages/bar.js";
import { Blocks } from "./messages/blocks.js";
import { Pages } from "./log/pages.js";
import { Outbox } from "./writing/outbox.js";
import { pick } from "./messages/pick.js";
import { picker } from "./messages/picker.js";
import { Pending } from "./writing/pending.js";
import { Presence } from "./people/presence.js";
import { replies } from "./messages/reply.js";
import { Seen } from "./people/seen.js";
import { Socket } from "../shared/socket.js";
import { Standing } from "./standing.js";
import { Typing } from "./people/typing.js";
import { Unread } from "./log/unread.js";
import { View } from "./log/view.js";
import { walk } from "./messages/walk.js";

const byId = (id) => document.getElementById(id);
const { key: room, me, urls, characters } = state;

learn(state.names);
const log = new Log(state);
const follow = new Follow({ scroller: byId("scroller"), button: byId("new") });
const view = new View({ list: byId("messages"), empty: byId("empty"), follow, me, atEnd: state.atEnd });
const socket = new Socket(address, me);
const catchUp = new CatchUp(log, socket);
new Connection({ socket, me, log });
const outbox = new Outbox({ room, me });
for (const client_id of state.mine) outbox.acknowledge(client_id);
new Pending({ list: byId("pending"), outbox, view, me, follow, empty: byId("empty") });
const composer = new Composer({ form: byId("composer"), room, me, characters });
new Standing({
  socket,
  log,
  composer: composer.form,
  note: byId("archived"),
  tag: byId("archived-tag"),
  title: document.querySelector("h1 bdi"),
  archived: state.archived,
});
const commands = new Commands({ composer, line: byId("refusal"), button: byId("as-it-is"), list: view.list, room: state.room, urls });
new Blocks({ list: view.list, follow });
replies({ view, composer });
bar({ list: view.list, me });
pick(view.list);
walk({ view, composer });
picker({ view, outbox, composer });
const pages = new Pages({ button: byId("older"), region: byId("log"), view, follow, log, url: urls.messages });
const unread = new Unread({
  view,
  follow,
  log,
  me,
  bar: byId("backlog"),
  older: pages.button,
  url: urls.unread,
  read: state.seen[me],
  unread: state.unread,
});
const presence = new Presence({ button: byId("presence"), aside: byId("people") });
const typing = new Typing({ line: byId("typing"), composer, socket, me });
const seen = new Seen({ line: byId("seen"), log, view, unread, socket, me, seen: state.seen });

// Needed only for changing, writing and pasting, and in rooms with cards.
const changes = later((retry) => import(`./writing/changes.js${retry}`), ({ Changes }) => new Changes({ view, outbox, composer, characters }));
addEventListener("load", changes); // an edit needs no network
view.list.addEventListener("click", async ({ target }) => /^(edit|delete|cancel)$/.test(target.dataset.do) && (await changes())?.clicked(target));
composer.addEventListener("edit-last", async () => (await changes())?.editLast());
const cards = later(
  (retry) => Promise.all([import(`./messages/cards.js${retry}`), import(`../shared/run_words.js${retry}`)]),
  ([{ Cards }, words]) => new Cards({ view, follow, words, url: urls.cards }),
);
const complete = later(
  (retry) => import(`./writing/complete.js${retry}`),
  ({ Complete }) => new Complete({ field: composer.field, list: byId("completions"), people: state.people, urls }),
);
const paste = later((retry) => import(`./writing/paste.js${retry}`), ({ Paste }) => new Paste({ offer: byId("offer"), composer, characters }));

const drawCards = () => view.list.querySelector(".event-card") && cards();
view.addEventListener("changed", drawCards);
drawCards();
composer.field.addEventListener("input", complete);
composer.field.addEventListener("paste", async ({ clipboardData }) => {
  const text = clipboardData.getData("text/plain");
  (await paste())?.take(text);
});
const helpTooLong = () => composer.field.value.length > characters && paste();
composer.field.addEventListener("input", helpTooLong);
helpTooLong();

function address() {
  return `${urls.socket}?${new URLSearchParams({ epoch: log.epoch, seq: log.seq, news: 1 })}`;
}

const heard = {
  welcome(frame) {
    rooms.missed();
    presence.show(frame.here, frame.count);
    seen.hearAll(frame.seen);
    log.begin(frame.seq);
    catchUp.expect();
    outbox.connected((message) => socket.send(message), frame.limits.rate);
  },

  async reset() {
    log.hold();
    try {
      const page = await pages.newest();
      const begun = page.epoch !== log.epoch;
      if (begun) seen.forget();
      for (const message of page.messages) if (message.author === me) outbox.acknowledge(message.client_id);
      log.restart(page);
      outbox.settle(log.seq);
      unread.again(begun);
    } catch (error) {
      if (error instanceof SignedOut) socket.stop("signed-out");
      else socket.reconnect();
    }
  },

  ack({ client_id, seq }) {
    if (seq <= log.seq) outbox.acknowledge(client_id);
    else {
      outbox.stored(client_id, seq);
      log.head(seq);
    }
  },

  card: async (frame) => (await cards())?.hear(frame),
  news: (frame) => rooms.hear(frame),
  called: (frame) => rooms.hear(frame),

  read(frame) {
    rooms.hear(frame);
    if ("unread" in frame && String(frame.room) === room) unread.lower(frame);
  },

  signed_in: (frame) => newDevice(rooms.me, frame),
  head: ({ seq }) => log.head(seq),
  typing: (frame) => typing.hear(frame),
  seen: ({ who, seq }) => seen.hear(who, seq),
  presence: ({ here, count }) => presence.show(here, count),
  error: (frame) => outbox.refuse(frame.client_id, frame),
};

socket.addEventListener("frame", ({ detail: frame }) => {
  if (Object.hasOwn(heard, frame.type)) heard[frame.type](frame);
  else if (Number.isInteger(frame.seq)) log.receive(frame);
});

socket.addEventListener("state", ({ detail }) => {
  if (detail.name === "open") return;
  outbox.connected(null);
  presence.lost();
});

log.addEventListener("event", ({ detail: event }) => {
  if (event.type === "message.posted") learn({ [event.author]: event.name });
  view.apply(event);
  typing.stop(event.author);
  if (event.author === me) outbox.acknowledge(event.client_id);
  outbox.settle(event.seq);
  if (event.type.startsWith("card.")) cards().then((drawn) => drawn?.ask(event.text));
});

composer.addEventListener("send", ({ detail }) => {
  const text = commands.take(detail);
  if (text === null) typing.end();
  else post(text);
});
composer.addEventListener("post", ({ detail }) => post(detail));

function post(text) {
  outbox.add({ type: "post", message: text });
  typing.posted();
  follow.toEnd();
  unread.posted();
}

follow.addEventListener("newest", () => heard.reset());
const asked = state.at && view.item(state.at);
asked?.classList.add("target");
asked?.scrollIntoView({ block: "center" });

if (matchMedia("(hover: hover)").matches) composer.focus();
socket.tryNow();
