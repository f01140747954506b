// Notifies of messages by the person's setting, after a moment.
import "../shared/store.js"; // so that notification.js finds it loaded
import { later } from "../shared/later.js";

const WAIT_MS = 2_500; // a message that is read meanwhile, here or on another device, needs no notification
const notification = later((retry) => import(`./notification.js${retry}`));

/** Tell `me` of a "signed_in" frame: this person has signed in on a new device. */
export async function newDevice(me, frame) {
  (await notification())?.newDevice(me, document.documentElement.dataset.notify, frame);
}

/** Begin to notify of the messages that `rooms` dispatches. */
export function notify(rooms) {
  const { notify: choice } = document.documentElement.dataset;
  const tell = async (message) => (await notification())?.decide(rooms, choice, message);
  rooms.addEventListener("message", ({ detail }) => {
    if (detail.called || (choice === "all" && !detail.muted)) setTimeout(tell, WAIT_MS, detail);
  });
}
