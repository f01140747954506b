// A service's page: its runs as they are, and the command with the values that are in the form.
import "../site/fresh.js";
import { keepFresh } from "./fresh.js";

keepFresh(document.getElementById("fresh"));

const form = document.getElementById("start");
const places = [...document.querySelectorAll("#command .place")];

function show() {
  for (const place of places) {
    const { name, before } = place.dataset;
    const field = form.elements[`p-${name}`];
    const value = field?.type === "checkbox" ? "" : (field?.value ?? "");
    const word = document.createElement("var");
    word.textContent = value ? quoted(value) : name;
    place.replaceChildren(before, word);
    place.classList.toggle("filled", Boolean(value));
  }
}

// As shlex.quote() does in Python.
function quoted(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`;
}

if (form) {
  form.addEventListener("input", show);
  show();
}
