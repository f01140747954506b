// Completes the services and parameters of `/run`, and the services of `/cancel`.
const EQUALS = /[=＝]/; // as proj/runs/web/command_line.py reads it

export class Services {
  #services = null; // loaded when first needed
  #asking = null;

  constructor(url) {
    this.url = url;
  }

  /** The completions of this beginning of a command: {typed, found}; null when it is none. */
  async complete(before) {
    const [, verb] = /^\/(run|cancel)\s/.exec(before) ?? [];
    if (!verb) return null;
    const services = await this.#load();
    const words = before.split(/\s+/).slice(1);
    const typed = words.at(-1);
    if (words.length === 1) {
      const all = services.map(({ uid, name }) => ({ name: uid, text: uid, about: name === uid ? "" : name }));
      return { typed, found: fitting(all, typed) };
    }
    if (verb === "cancel") return { typed, found: [] };
    const service = services.find(({ uid }) => uid === words[0]);
    const given = words.slice(1, -1).map((word) => word.split(EQUALS)[0]);
    const open = (service?.parameters ?? []).filter(({ name }) => !given.includes(name));
    const [name, value] = typed.split(/[=＝](.*)/s);
    if (value !== undefined) {
      const values = open.find((one) => one.name === name)?.values ?? [];
      return { typed, found: fitting(values.map((one) => ({ name: one, text: `${name}=${one}` })), value) };
    }
    if (!typed && !open.some(({ needed }) => needed)) return { typed, found: [] };
    return { typed, found: fitting(open.map((one) => ({ name: one.name, text: `${one.name}=` })), typed) };
  }

  async #load() {
    if (this.#services) return this.#services;
    this.#asking ??= fetch(this.url, { signal: AbortSignal.timeout(5_000) }).then((answer) => answer.json());
    try {
      ({ services: this.#services } = await this.#asking);
    } catch {
      return []; // the next key asks again
    } finally {
      this.#asking = null;
    }
    return this.#services;
  }
}

// A complete name has no completion, so that Enter sends it.
function fitting(all, typed) {
  const wanted = typed.toLowerCase();
  return all.filter(({ name }) => name.toLowerCase().startsWith(wanted) && name !== typed);
}
