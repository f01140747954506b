// The switcher's list: places, the search, a new room.
const dialog = document.getElementById("switcher");
const field = dialog.querySelector("input");
const list = dialog.querySelector("ul");
const option = dialog.querySelector("template").content.querySelector("li");
const hint = dialog.querySelector("[data-one]");
const failed = dialog.querySelector("[role=status]");
let others; // services and pages
let loading;
let moved = false; // whether the person has chosen among what is shown

list.addEventListener("click", (event) => go(event.target.closest("li")));

/** Follow ArrowDown, ArrowUp or Enter. */
export async function press(key) {
  const items = [...list.children];
  const at = items.indexOf(selected());
  if (key !== "Enter") moved = true;
  if (key === "ArrowDown") select(items[(at + 1) % items.length]);
  else if (key === "ArrowUp") select(items.at((at - 1) % items.length));
  else {
    if (offered()) await loading; // it may find a place
    go(selected());
  }
}

/** Show the rooms, then the other places. */
export async function open() {
  show();
  loading = others ?? fetch(hint.dataset.places).then((answer) => answer.json()).catch(() => null);
  others = await loading;
  failed.hidden = others;
  show(offered() ? "" : selected()?.dataset.address);
}

// Nothing that was found is selected, and the person has not chosen the offer: a place that loads may go before it.
const offered = () => !moved && selected()?.matches(".offer");

function rooms() {
  return [...document.querySelectorAll("#side-rooms a")].map((link) => ({
    name: link.querySelector(".name").textContent,
    address: link.getAttribute("href"),
    unread: link.querySelector(".count:not([hidden]) > [aria-hidden]")?.textContent ?? "",
  }));
}

/** Show the places that match the text, best first. Select `kept`, or the first. */
export function show(kept) {
  const words = field.value.trim();
  const typed = words.toLowerCase();
  const has = ({ name, about }, part) => `\n${name}\n${about ?? ""}`.toLowerCase().includes(part);
  const rank = (place) => (has(place, `\n${typed}`) ? 0 : 2) + (place.unread ? 0 : 1);
  const found = [...rooms(), ...(others ?? [])].filter((place) => has(place, typed));
  const items = found.sort((a, b) => rank(a) - rank(b)).map(build);
  const exact = found.some(({ name, about }) => !about && name.toLowerCase() === typed);
  const offers = typed ? [search(words)] : [];
  if (typed && !exact && !/[/\\]/.test(typed)) offers.push(another(words));
  for (const item of offers) item.className = "offer";
  items.push(...offers);
  list.replaceChildren(...items);
  for (const [n, item] of items.entries()) item.id = `found-${n}`;
  const chosen = items.find((item) => item.dataset.address === kept);
  moved &&= Boolean(chosen);
  select(chosen ?? items[0]);
}

function build({ name, address, about = "", unread = "" }) {
  const item = option.cloneNode(true);
  item.querySelector("bdi").textContent = name;
  item.querySelector(".tag").textContent = about;
  item.dataset.address = address;
  const count = item.querySelector(".count");
  count.textContent = unread;
  count.hidden = !unread;
  count.classList.toggle("unread", !unread.startsWith("@"));
  return item;
}

// The address asks first.
function another(name) {
  const address = new URL(`${encodeURIComponent(name)}/`, document.querySelector(".side .brand").href);
  return build({ name: hint.dataset.one.replace("{name}", () => name), address: address.href });
}

function search(words) {
  const { search: text, address } = hint.dataset;
  return build({ name: text.replace("{name}", () => words), address: `${address}?q=${encodeURIComponent(words)}` });
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
