// The pages of services and of runs.
import "../site/fresh.js";
import { keepFresh } from "./fresh.js";

keepFresh(document.getElementById("fresh"));
