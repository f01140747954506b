// The pages of services and of runs.
import "../site/fresh.js";
import { keepFresh } from "./fresh.js";

const part = document.getElementById("fresh"); // without services there is nothing to keep fresh
if (part) keepFresh(part);

// A chosen filter acts at once; a text field does so when it is left.
const filters = document.querySelector("[data-at-once]");
filters?.addEventListener("change", () => filters.requestSubmit());
