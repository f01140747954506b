// The way through the messages by keyboard: they are one stop of the tab key, and arrows go from one to the next. Only the
// message with the stop has its own stops: links, reactions and buttons.
const STOPS = "a, .reaction, .fold, .tools button";

export function walk({ view, composer }) {
  const { list } = view;
  const calm = new WeakSet(); // items whose stops are out of the way
  let current = null;

  const hush = (item) => {
    calm.add(item);
    item.removeAttribute("tabindex");
    for (const stop of item.querySelectorAll(STOPS)) stop.tabIndex = -1;
  };
  const become = (item) => {
    if (item === current) return;
    if (current) hush(current);
    current = item;
    if (!item) return;
    item.tabIndex = 0;
    for (const stop of item.querySelectorAll(STOPS)) stop.removeAttribute("tabindex");
  };
  const look = () => {
    for (const item of list.children) if (item !== current && !calm.has(item)) hush(item);
    if (!current?.isConnected || !list.contains(document.activeElement)) become(list.lastElementChild);
  };

  list.addEventListener("focusin", ({ target }) => become(target.closest("#messages > li")));
  list.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || target.closest("form, pre, .picker")) return;
    if (key === "Escape") composer.focus();
    if (key !== "ArrowUp" && key !== "ArrowDown") return;
    const next = key === "ArrowUp" ? current?.previousElementSibling : current?.nextElementSibling;
    if (!next && key === "ArrowUp") return;
    event.preventDefault();
    if (!next) return composer.focus();
    become(next);
    next.focus();
  });
  view.addEventListener("changed", look);
  look();
}
