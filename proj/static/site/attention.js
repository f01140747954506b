// What asks for attention: the rooms with what is new in them, and notifications of the desktop.
import { notify } from "./notify.js";
import { rooms } from "./rooms.js";

notify(rooms);
