// The modules under proj/static and the pages that load them, read from the source.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const STATIC = path.join(ROOT, "proj/static");
const TEMPLATES = path.join(ROOT, "proj/templates");
const STATIC_IMPORT = /^(?:import|export)\s(?:[^"'();]*\sfrom\s)?["'](\.[^"']+)["']/gm;
const LATER_IMPORT = /\bimport\(\s*`(\.[^`$]+)\$\{retry\}`\s*\)/g;
const SCRIPT = /{% module "([^"]+)" %}/g;
const BLOCK = /{% block (\w+) %}([\s\S]*?){% endblock \1 %}/g;

const files = (folder, ending) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name));

const all = (pattern, text) => [...text.matchAll(pattern)].map(([, found]) => found);

/** {name below proj/static: {text, now: [names imported statically], later: [names imported on demand]}} */
export const modules = Object.fromEntries(
  files(STATIC, ".js").map((file) => {
    const text = readFileSync(file, "utf8");
    const names = (pattern) => all(pattern, text).map((found) => path.relative(STATIC, path.join(path.dirname(file), found)));
    return [path.relative(STATIC, file), { text, now: names(STATIC_IMPORT), later: names(LATER_IMPORT) }];
  }),
);

/** {template: its text}: all templates of pages. */
export const templates = Object.fromEntries(
  files(TEMPLATES, ".html").map((file) => [path.relative(TEMPLATES, file), readFileSync(file, "utf8")]),
);

/** {template: [names of the modules in its <script> elements]} of each page for people who are signed in. */
export const pages = Object.fromEntries(
  Object.entries(templates)
    .filter(([, text]) => text.startsWith('{% extends "base.html" %}'))
    .map(([name, text]) => {
      const own = new Map([...text.matchAll(BLOCK)].map(([, block, content]) => [block, content]));
      return [name, all(SCRIPT, templates["base.html"].replace(BLOCK, (whole, block) => own.get(block) ?? whole))];
    }),
);

/** The modules in `names` and every module that they import, with those that they import on demand if `later`. */
export function closure(names, later = false) {
  const found = new Set();
  const add = (name) => {
    if (found.has(name)) return;
    found.add(name);
    for (const next of [...modules[name].now, ...(later ? modules[name].later : [])]) add(next);
  };
  for (const name of names) add(name);
  return found;
}
