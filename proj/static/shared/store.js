// localStorage that may be full or forbidden: then what is kept lives as long as the page.
const memory = new Map();

export function keep(key, value) {
  memory.set(key, value);
  try {
    localStorage.setItem(key, value);
  } catch {
    // the page still has it
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
    // there was nothing to forget
  }
}

/** The keys that begin with `prefix`. */
export function keysOf(prefix) {
  const keys = new Set(memory.keys());
  try {
    for (let i = 0; i < localStorage.length; i += 1) keys.add(localStorage.key(i));
  } catch {
    // memory has them
  }
  return [...keys].filter((key) => key.startsWith(prefix));
}

/** Calls `heard(key, value or null)` when another tab changed a key that begins with `prefix`. */
export function onOtherTab(prefix, heard) {
  addEventListener("storage", (event) => {
    if (!event.key?.startsWith(prefix)) return;
    memory.delete(event.key);
    heard(event.key, event.newValue);
  });
}

/** This tab's own name: it survives a reload, and no other tab has it. */
export function tabName(fresh) {
  try {
    const name = sessionStorage.getItem("signalbox:tab") ?? fresh();
    sessionStorage.setItem("signalbox:tab", name);
    return name;
  } catch {
    return fresh();
  }
}
