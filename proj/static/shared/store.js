// localStorage, which may be full or forbidden: values then live as long as the page.
const memory = new Map();

export function keep(key, value) {
  memory.set(key, value);
  try {
    localStorage.setItem(key, value);
  } catch {
    // `memory` has the value
  }
}

export function kept(key) {
  try {
    return localStorage.getItem(key) ?? memory.get(key) ?? null;
  } catch {
    return memory.get(key) ?? null;
  }
}

export function forget(key) {
  memory.delete(key);
  try {
    localStorage.removeItem(key);
  } catch {
    // nothing was stored
  }
}

export function keysOf(prefix) {
  const keys = new Set(memory.keys());
  try {
    for (let i = 0; i < localStorage.length; i += 1) keys.add(localStorage.key(i));
  } catch {
    // `memory` has the keys
  }
  return [...keys].filter((key) => key.startsWith(prefix));
}

/** Call `heard(key, value or null)` when another tab changes a key that begins with `prefix`. */
export function onOtherTab(prefix, heard) {
  addEventListener("storage", (event) => {
    if (!event.key?.startsWith(prefix)) return;
    memory.delete(event.key);
    heard(event.key, event.newValue);
  });
}

/** This tab's own name, which survives a reload. */
export function tabName(fresh) {
  try {
    const name = sessionStorage.getItem("signalbox:tab") ?? fresh();
    sessionStorage.setItem("signalbox:tab", name);
    return name;
  } catch {
    return fresh();
  }
}
