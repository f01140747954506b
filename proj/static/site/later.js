// What a page loads only when it is asked for.
/** A function that promises what `make` makes of the module that `load` imports: the same each time. Without a network
 *  it is null, and the next call tries again. */
export function later(load, make = (module) => module) {
  let coming = null;
  const failed = () => (coming = null);
  return () => (coming ??= load().then(make, failed));
}
