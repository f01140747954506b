// One tab stop for all line numbers: the arrow keys lead from one to the next.
const STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: 20, PageUp: -20 };

export function walking(list) {
  let at = 0; // the number with the tab stop

  const mark = () => {
    const lines = [...list.shown];
    if (!lines.includes(at)) at = Math.max(...lines.filter((line) => line <= list.first), Math.min(...lines));
    for (const line of lines) link(line).tabIndex = line === at ? 0 : -1;
  };
  const link = (line) => list.item(line).querySelector(".at");

  list.addEventListener("drawn", mark);
  list.list.addEventListener("focusin", ({ target }) => {
    if (!target.matches(".at")) return;
    at = Number(target.dataset.line);
    mark();
  });
  list.list.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (!step || !event.target.matches(".at")) return;
    event.preventDefault();
    event.stopPropagation();
    const lines = [...list.shown].sort((a, b) => a - b);
    const to = lines[Math.min(lines.length - 1, Math.max(0, lines.indexOf(at) + step))];
    link(to).focus({ preventScroll: true });
    list.show(to);
  });
}
