// What asks for attention: the rooms with what is new in them, and notifications of the desktop.
import { listen } from "./me.js";
import { notify } from "./notify.js";
import { rooms } from "./rooms.js";

notify(rooms);
// A room's own socket tells it all.
if (!document.getElementById("room-state")) listen();
