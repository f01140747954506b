// A service's page: its current runs, and the command with the values of the form.
import "../site/fresh.js";
import { keepFresh } from "./fresh.js";
import { localise } from "./moments.js";

const form = document.getElementById("start");
const busy = document.getElementById("busy");

localise(document.querySelector(".about-service"));
keepFresh(document.getElementById("fresh"), (page) => {
  const fresh = page.getElementById("busy");
  if (fresh.innerHTML !== busy.innerHTML) busy.replaceChildren(...fresh.childNodes);
  const button = form?.querySelector(":scope > button");
  const now = page.querySelector("#start > button");
  if (button && now) button.disabled = now.disabled;
});

const slots = [...document.querySelectorAll("#command .slot")];

function show() {
  for (const slot of slots) {
    const { name, before } = slot.dataset;
    const value = fieldValue(form.elements[`p-${name}`], slot.dataset.argument);
    const word = document.createElement("var");
    word.textContent = value ? quoted(value) : name;
    slot.replaceChildren(before, word);
    slot.classList.toggle("filled", Boolean(value));
  }
}

// `argument`: the word that a checked box adds to the command; an unchecked one adds none.
function fieldValue(field, argument) {
  if (field?.type !== "checkbox") return field?.value ?? "";
  if (argument) return field.checked ? argument : "";
  return String(field.checked);
}

// As shlex.quote() does in Python.
function quoted(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`;
}

if (form) {
  form.addEventListener("input", show);
  show();
}
