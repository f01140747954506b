// Tells of what somebody wants to be told, after a moment.
import "../shared/store.js"; // so that notification.js finds it loaded
import { later } from "../shared/later.js";

const WAIT = 2_500; // who reads it meanwhile, here or elsewhere, need not be told
const notification = later((retry) => import(`./notification.js${retry}`));

/** Begin to notify of what `rooms` tells. */
export function notify(rooms) {
  const { notify: choice } = document.documentElement.dataset;
  const tell = async (message) => (await notification())?.decide(rooms, choice, message);
  rooms.addEventListener("message", ({ detail }) => {
    if (detail.called || (choice === "all" && !detail.muted)) setTimeout(tell, WAIT, detail);
  });
}
