// The side of every page: menus that close, and the way to another room.
import "./menu.js";
import "./switcher.js";
