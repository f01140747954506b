// What stands beside every page: menus that close, the rooms with what is new in them, and the way to another room.
import "./menu.js";
import "./switcher.js";
import { Rooms } from "./rooms.js";

new Rooms(document.getElementById("side-rooms"));
