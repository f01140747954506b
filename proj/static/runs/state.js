// The state of a run at the head of its page: state, progress, duration, and the possible actions.
import { say } from "../shared/words.js";
import { duration, reason } from "../shared/run_words.js";
import { state as page } from "../shared/state.js";
import { retitle } from "../site/badge.js";

const UNSUCCESSFUL = ["failed", "timed_out", "lost"]; // as proj/runs/states.py
const byId = (id) => document.getElementById(id);

export class State {
  #run;
  #told = 0; // time of the last frame, in ms of this page's clock

  constructor(run) {
    this.badge = document.querySelector(".bar .state");
    this.#run = run;
    this.#told = performance.now();
    setInterval(() => this.#tick(), 1_000);
    byId("again")?.addEventListener("click", ask);
    this.#tab();
  }

  /** The last received state, as in docs/protocol.md. */
  get run() {
    return this.#run;
  }

  get over() {
    return Boolean(this.#run.ended_at);
  }

  /** Show a received state. */
  tell(run) {
    this.#run = { waiting: this.#run.waiting, ...run }; // messages of workers leave it out
    this.#told = performance.now();
    const state = run.canceling ? "canceling" : run.state;
    this.badge.dataset.state = state;
    this.badge.textContent = say(`state.${state}`);
    byId("reason").hidden = !run.reason;
    byId("reason").textContent = reason(run.why, run.reason);
    this.#progress(run);
    this.#deeds(run);
    this.#tab();
    this.#tick();
  }

  // The title and the icon of the tab.
  #tab() {
    const { name, number, state } = this.#run;
    const { sign, icon } = page.tabs[state];
    retitle(`${sign}${name} #${number} · Signalbox`, icon);
  }

  #progress({ progress, progress_text: words }) {
    const line = byId("progress");
    line.hidden = progress === null;
    line.querySelector("progress").value = progress ?? 0;
    line.querySelector(".percent").textContent = `${progress ?? 0} %`;
    line.querySelector(".words").textContent = words;
  }

  // The buttons exist for people with the permission.
  #deeds(run) {
    if (!byId("cancel")) return;
    byId("cancel").hidden = !run.cancelable;
    byId("again").hidden = !this.over;
    byId("again").classList.toggle("quiet", !UNSUCCESSFUL.includes(run.state));
    byId("change").hidden = !this.over || !Object.keys(run.parameters).length;
    if (!run.cancelable) byId("canceling").hidePopover();
  }

  #tick() {
    const { duration: seconds } = this.#run;
    if (seconds === null) return;
    const since = this.over ? 0 : (performance.now() - this.#told) / 1_000;
    byId("duration").textContent = duration(seconds + since);
  }
}

// Ask in the page, unless the click opens the page with the question in another tab.
function ask(event) {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  byId("again-question").showModal();
}
