// The side of every page: menus that close, the way to another room, the rooms with their unread messages, and desktop
// notifications.
import "./menu.js";
import "./switcher.js";
import { notify } from "./notify.js";
import { rooms } from "./rooms.js";

notify(rooms);
