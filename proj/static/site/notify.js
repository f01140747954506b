// Notifies of messages by the person's setting, after a moment, and of the ends of runs at once. What waits is kept in the
// browser's storage: when its page ends first, the next page or another tab decides about it.
import { forget, keep, kept, keysOf, onOtherTab } from "../shared/store.js";
import { later } from "../shared/later.js";

const WAIT_MS = 2_500; // a message that is read meanwhile, here or on another device, needs no notification
const BEHIND_MS = 500; // the tab with the focus decides before the others
const RETRY_MS = 5_000; // without a network, or while another tab decides: that tab may end before it has decided

const notification = later((retry) => import(`./notification.js${retry}`));

/** Tell `me` of a "signed_in" frame: this person has signed in on a new device. */
export async function newDevice(me, frame) {
  (await notification())?.newDevice(me, document.documentElement.dataset.notify, frame);
}

/** Begin to notify of the messages that `rooms` dispatches, and of those that wait in the storage. */
export function notify(rooms) {
  const { notify: choice } = document.documentElement.dataset;
  const prefix = `signalbox:to-notify:${JSON.stringify(rooms.me)}:`;

  const begin = (key) => {
    const { at, run } = waiting(key);
    const most = run ? 0 : WAIT_MS;
    const wait = Math.min(at + most - Date.now(), most); // the device's clock may have been set back
    setTimeout(turn, Math.max(wait, 0) + (document.hasFocus() ? 0 : BEHIND_MS), key);
  };
  const turn = async (key) => {
    await alone(key, async () => {
      const message = waiting(key); // or another tab has decided
      if (message) await (await notification())?.decide(rooms, choice, message, () => forget(key));
    });
    if (waiting(key)) setTimeout(turn, RETRY_MS, key);
  };

  onOtherTab(prefix, () => {});
  for (const key of keysOf(prefix)) if (waiting(key)) begin(key);
  rooms.addEventListener("message", ({ detail: { link, ...message } }) => {
    if (!message.called && (choice !== "all" || message.muted)) return;
    const { room } = link?.dataset ?? {};
    const key = prefix + (message.run ? `run:${message.run.run}` : `${room}:${message.seq}`);
    if (!waiting(key)) keep(key, JSON.stringify({ ...message, room, at: Date.now() }));
    begin(key);
  });
}

// Do `work` unless another tab is doing it. (Browsers have neither locks nor notifications at insecure addresses.)
function alone(key, work) {
  return navigator.locks ? navigator.locks.request(key, { ifAvailable: true }, (lock) => lock && work()) : work();
}

function waiting(key) {
  try {
    return JSON.parse(kept(key));
  } catch {
    return null;
  }
}
