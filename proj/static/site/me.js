// The socket of pages that show no room: it brings the news of all rooms. (A room's own socket brings them as well.)
import { Connection } from "../shared/connection.js";
import { Aside } from "./aside.js";
import { Socket } from "../shared/socket.js";
import { newDevice } from "./notify.js";
import { rooms } from "./rooms.js";

export const socket = new Socket(() => "/ws/me/", rooms.me);
/** The socket as the page's line shows it; a run's page has a line of its own. */
export const aside = document.querySelector(".status.aside") && new Aside(socket);
if (aside) new Connection({ socket: aside, me: rooms.me });

socket.addEventListener("frame", ({ detail: frame }) => {
  if (frame.type === "welcome") rooms.missed();
  else if (frame.type === "signed_in") newDevice(rooms.me, frame);
  else if (["news", "read", "called"].includes(frame.type)) rooms.hear(frame);
});
socket.tryNow();
