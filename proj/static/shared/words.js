// The page's words, translated by the server in its <template data-words>.
const templates = [...document.querySelectorAll("template[data-words]")];
const plural = new Intl.PluralRules(document.documentElement.lang || "en");

function pattern(key) {
  const found = templates.map(({ content }) => content.querySelector(`[data-word="${key}"]`)).find(Boolean);
  return found ? found.textContent : null;
}

/** The words for `key`, with its {placeholders} filled in. */
export function say(key, values = {}) {
  const text = pattern(key) ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** The words for `n` things, in the plural form of the language, else in the form "other". */
export function count(key, n, values = {}) {
  const form = `${key}.${plural.select(n)}`;
  return say(pattern(form) === null ? `${key}.other` : form, { n, ...values });
}

/** `names` as a list in words: "alice, bob and charlie", the longer ones cut to `most`. */
export function list(names, most = 8) {
  const shown = names.slice(0, most);
  if (names.length > most) shown.push(count("more", names.length - most));
  return new Intl.ListFormat(document.documentElement.lang || "en", { type: "conjunction", style: "narrow" }).format(shown);
}
