// The socket of pages that show no room: it tells what is new in all of them.
import { Socket } from "../rooms/socket.js";
import { rooms } from "./rooms.js";

export function listen() {
  const url = new URL("/ws/me/", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  const socket = new Socket(() => url);
  socket.addEventListener("frame", ({ detail: frame }) => {
    if (frame.type === "welcome") rooms.missed();
    else if (frame.type === "news" || frame.type === "read") rooms.hear(frame);
  });
  socket.tryNow();
}
