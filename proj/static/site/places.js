// What the switcher offers: the rooms that fit, another one by that name, and the search.
const dialog = document.getElementById("switcher");
const field = dialog.querySelector("input");
const list = dialog.querySelector("ul");
const option = dialog.querySelector("template").content.querySelector("li");
const hint = dialog.querySelector("p");

list.addEventListener("click", (event) => go(event.target.closest("li")));

/** A key was pressed in the field: "ArrowDown", "ArrowUp" or "Enter". */
export function press(key) {
  const items = [...list.children];
  const at = items.indexOf(selected());
  if (key === "ArrowDown") select(items[(at + 1) % items.length]);
  else if (key === "ArrowUp") select(items.at((at - 1) % items.length));
  else go(selected());
}

function rooms() {
  return [...document.querySelectorAll("#side-rooms a")].map((link) => ({
    name: link.querySelector(".name").textContent,
    address: link.getAttribute("href"),
    unread: link.querySelector(".count:not([hidden]) > [aria-hidden]")?.textContent ?? "",
  }));
}

/** Show what fits what is typed: names that begin with it come first, and what is unread before the others. */
export function show() {
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
  const count = item.querySelector(".count");
  count.textContent = unread;
  count.hidden = !unread;
  count.classList.toggle("unread", !unread.startsWith("@"));
  return item;
}

function another(name) {
  const address = new URL(`${encodeURIComponent(name)}/`, document.querySelector(".side .brand").href);
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
