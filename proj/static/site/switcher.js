// Ctrl+K: go to a room by a part of its name.
const dialog = document.getElementById("switcher");
const field = dialog.querySelector("input");
const list = dialog.querySelector("ul");
const option = dialog.querySelector("template").content.querySelector("li");
const hint = dialog.querySelector("p");
const opener = document.getElementById("switch");

opener.hidden = false;
opener.addEventListener("click", open);

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
  event.preventDefault();
  if (dialog.open) dialog.close();
  else open();
});

dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close();
});

list.addEventListener("click", (event) => go(event.target.closest("li")));

field.addEventListener("input", show);

field.addEventListener("keydown", (event) => {
  const items = [...list.children];
  const at = items.indexOf(selected());
  if (event.key === "ArrowDown") select(items[(at + 1) % items.length]);
  else if (event.key === "ArrowUp") select(items.at((at - 1) % items.length));
  else if (event.key === "Enter" && !event.isComposing) go(selected());
  else return;
  event.preventDefault();
});

function open() {
  document.getElementById("side").hidePopover?.();
  field.value = "";
  show();
  dialog.showModal();
  field.focus();
}

function rooms() {
  return [...document.querySelectorAll("#side-rooms a")].map((link) => ({
    name: link.querySelector(".name").textContent,
    address: link.getAttribute("href"),
    unread: link.querySelector(".count:not([hidden]) > [aria-hidden]")?.textContent ?? "",
  }));
}

// Names that begin with what was typed come first, and what is unread before the others.
function show() {
  const typed = field.value.trim().toLowerCase();
  const rank = ({ name, unread }) => (name.toLowerCase().startsWith(typed) ? 0 : 2) + (unread ? 0 : 1);
  const found = rooms().filter(({ name }) => name.toLowerCase().includes(typed));
  const items = found.sort((a, b) => rank(a) - rank(b)).map(build);
  const exact = found.some(({ name }) => name.toLowerCase() === typed);
  if (typed && !exact && !/[/\\]/.test(typed)) items.push(another(field.value.trim()));
  if (typed) items.push(search(field.value.trim()));
  list.replaceChildren(...items);
  items.forEach((item, n) => (item.id = `found-${n}`));
  select(items[0]);
}

function build({ name, address, unread }) {
  const item = option.cloneNode(true);
  item.querySelector("bdi").textContent = name;
  item.dataset.address = address;
  item.querySelector(".count").textContent = unread;
  item.querySelector(".count").hidden = !unread;
  return item;
}

function another(name) {
  const address = new URL(`${encodeURIComponent(name)}/`, new URL(document.querySelector(".side .brand").href));
  return build({ name: hint.dataset.one.replace("{name}", () => name), address: address.href, unread: "" });
}

function search(words) {
  const { search: text, address } = hint.dataset;
  return build({ name: text.replace("{name}", () => words), address: `${address}?q=${encodeURIComponent(words)}`, unread: "" });
}

function selected() {
  return list.querySelector('[aria-selected="true"]');
}

function select(item) {
  selected()?.setAttribute("aria-selected", "false");
  if (item) {
    item.setAttribute("aria-selected", "true");
    item.scrollIntoView({ block: "nearest" });
    field.setAttribute("aria-activedescendant", item.id);
  } else field.removeAttribute("aria-activedescendant");
}

function go(item) {
  if (item) location.assign(item.dataset.address);
}
