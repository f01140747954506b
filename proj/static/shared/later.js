// Loads a module when the page first needs it.

/** Return a function that promises the module that `load` imports, as `make` turns it: the same result each time. While
 *  the module cannot be fetched the promise gives null, and the next call tries again.
 *
 *  Browsers remember a failed import() of an address, so `load` gets a query that makes each retry another address.
 *  Static imports carry no query: a module that is loaded here imports statically only modules that its pages have loaded
 *  already, and others by later() (tests/javascript/imports.test.js). */
export function later(load, make = (module) => module) {
  let failures = 0;
  let promise = null;
  const failed = () => {
    failures += 1;
    promise = null;
    return null;
  };
  return () => (promise ??= load(failures ? `?retry=${failures}` : "").then(make, failed));
}
