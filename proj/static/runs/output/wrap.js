// The switch that wraps long lines; the browser remembers it.
import { keep, kept } from "../../shared/store.js";

const KEY = "signalbox:wrap";

export function wrapping({ button, list }) {
  const show = (wrapped) => {
    button.setAttribute("aria-pressed", wrapped);
    list.wrap = wrapped;
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    const wrapped = !list.wrap;
    keep(KEY, String(wrapped));
    show(wrapped);
  });
  show(kept(KEY) === "true");
}
