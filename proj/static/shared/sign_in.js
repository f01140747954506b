// Signing in again without leaving the page. This module carries the form of the sign-in page between the dialog and the
// view that answers it. All pages of this browser are notified, and reconnect.
import { say } from "./words.js";

const TIMEOUT_MS = 20_000;
const dialog = document.getElementById("sign-in-again");
const place = dialog.querySelector(".form");
const words = dialog.querySelector("[role=status]");
const retry = dialog.querySelector('[data-do="retry"]');

const others = new BroadcastChannel("signalbox:signed-in"); // the sockets of this page listen too

let address, me;

retry.addEventListener("click", () => ask());
dialog.querySelector('[data-do="close"]').addEventListener("click", () => dialog.close());
place.addEventListener("submit", (event) => {
  event.preventDefault();
  const { target: form, submitter } = event;
  const name = form.elements.username.value;
  submitter.disabled = true;
  const body = new FormData(form);
  ask({ method: "POST", body }, name).finally(() => (submitter.disabled = false));
});

/** Open the dialog for this page's person, `me`; `address` is the address of the sign-in page. */
export function open(how) {
  ({ address, me } = how);
  if (dialog.open) return;
  place.replaceChildren();
  dialog.showModal();
  ask();
}

/** This page's person is signed in again: the forms get the token of the new session. */
export function done() {
  const token = /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie)?.[1];
  for (const field of document.getElementsByName("csrfmiddlewaretoken")) if (token) field.value = token;
  close();
}

function close() {
  if (!dialog.open) return;
  dialog.close();
  (document.getElementById("text") ?? document.getElementById("content")).focus();
}

function tell(text, bad = true) {
  words.className = bad && text ? "notice error" : "";
  words.textContent = text;
}

// Send a request to the sign-in page; without `options` it fetches the form.
async function ask(options, name) {
  retry.hidden = true;
  tell(say("sign-in.asking"), false);
  try {
    const answer = await fetch(address, {
      ...options,
      headers: { "Accept-Language": document.documentElement.lang },
      cache: "no-store",
      redirect: "manual", // the view redirects a person with a session
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (answer.type === "opaqueredirect") signedIn(name);
    else show(answer.status, await answer.text());
  } catch {
    tell(say("sign-in.away"));
    retry.hidden = Boolean(place.firstChild);
  }
}

function signedIn(name) {
  // Another person signed in: the content of this page is not theirs.
  if (name !== undefined && name.trim().normalize("NFKC") !== me) return location.reload();
  close();
  others.postMessage(null);
}

function show(status, text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  const form = page.querySelector("main form");
  if (status === 403 && place.querySelector("form")) return ask().then(() => tell(say("sign-in.stale")));
  if (status === 429) tell(page.querySelector("main p")?.textContent.trim() ?? say("sign-in.often"));
  else if (form) fill(form, page.querySelector("main form ~ p"));
  else throw new Error(`sign in: ${status}`);
}

function fill(form, help) {
  const errors = [...form.querySelectorAll(".errorlist")];
  tell(errors.map((list) => list.textContent.trim()).join(" "));
  for (const list of errors) list.remove();
  for (const link of help?.querySelectorAll("a") ?? []) link.target = "_blank"; // this page stays
  const { username, password } = form.elements;
  username.value ||= me;
  place.replaceChildren(form, help ?? "");
  password.focus();
}
