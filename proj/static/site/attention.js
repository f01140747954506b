// Calls for attention: the rooms with their unread messages, and desktop notifications.
import { notify } from "./notify.js";
import { rooms } from "./rooms.js";

notify(rooms);
