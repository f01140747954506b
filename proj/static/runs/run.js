// A run's page: composes its parts and hands each frame to its part.
import "../site/fresh.js";
import { Connection } from "../shared/connection.js";
import { Aside } from "../site/aside.js";
import { Socket } from "../shared/socket.js";
import { state as page } from "../shared/state.js";
import { count, say } from "../shared/words.js";
import { socket as mine } from "../site/me.js";
import { rooms } from "../site/rooms.js";
import { Groups } from "./output/groups.js";
import { Heights } from "./output/heights.js";
import { Lines } from "./output/lines.js";
import { List } from "./output/list.js";
import { Marks } from "./output/marks.js";
import { localise } from "./moments.js";
import { showOutcome } from "./outcome.js";
import { Search } from "./output/search.js";
import { State } from "./state.js";
import { showWait } from "./waiting.js";
import { walking } from "./output/walk.js";
import { wrapping } from "./output/wrap.js";

const byId = (id) => document.getElementById(id);
const { tail, urls } = page;
let over = Boolean(page.run.ended_at); // and its outcome stands on the page

const row = byId("lines").firstElementChild?.getBoundingClientRect().height;
const base = row || parseFloat(getComputedStyle(byId("lines")).lineHeight);
const lines = new Lines({ tail, url: urls.lines });
const list = new List({ scroller: byId("scroller"), extent: byId("extent"), list: byId("lines"), button: byId("new"), lines, heights: new Heights(base) });
const state = new State(page.run);
const groups = new Groups({ list, url: urls.group });
byId("before")?.remove();
byId("extent").classList.add("virtual");
list.draw();
const marks = new Marks({ list, groups });
new Search({ form: byId("search"), list, marks, url: urls.search });
walking(list);
wrapping({ button: byId("wrap"), list });
localise(byId("head"));

const socket = new Socket(address, rooms.me);

// The log for the line about the connection: `missing` counts the bytes that are not here yet.
const log = Object.assign(new EventTarget(), { missing: 0, holding: false });
new Connection({ socket: new Aside(socket, mine), me: rooms.me, log });

// An ended run has no socket of its own that would report the session.
mine.addEventListener("state", ({ detail: { name, who } }) => {
  if (name === "signed-out" || name === "someone-else") socket.stop(name, who);
  else if (name === "open" && ["signed-out", "someone-else"].includes(socket.state.name)) socket.tryNow();
});

function address() {
  return `${urls.socket}?offset=${lines.end}`;
}

function moved() {
  log.missing = Math.max(0, state.run.bytes - lines.end);
  log.dispatchEvent(new Event("moved"));
  list.live = !state.over;
  const { length } = String(lines.count);
  byId("lines").style.setProperty("--digits", Math.max(3, length));
  byId("total").textContent = count("lines", lines.count, { n: lines.count.toLocaleString(document.documentElement.lang) });
  byId("empty").hidden = lines.count > 0;
  if (state.run.state === "queued") showWait(byId("empty"), state.run);
  else byId("empty").textContent = say(state.over ? "nothing" : "silent");
  if (state.over && !log.missing) end();
}

function end() {
  socket.stop("over");
  if (!over) showOutcome();
  over = true;
}

const heard = {
  run({ offset, line, run: told }) {
    lines.begin(offset, line);
    state.tell(told);
  },
  output(frame) {
    if (!lines.append(frame)) socket.reconnect();
  },
  skipped: ({ to, line }) => lines.begin(to, line),
  state: ({ run: told }) => state.tell(told),
};

socket.addEventListener("frame", ({ detail: frame }) => {
  if (!Object.hasOwn(heard, frame.type)) return;
  heard[frame.type](frame);
  moved();
});

moved();
if (!state.over || log.missing) socket.tryNow();
