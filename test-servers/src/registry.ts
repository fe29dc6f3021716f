/**
 * What these helpers themselves keep open: clients, origins, connections. The census reads it, so
 * that a test which forgets to close one fails with its name.
 */

const alive = new Map<object, () => string>();

/** Notes that `thing` is open. `describe` is asked when somebody wants to know what is left. */
export function opened(thing: object, describe: () => string): void {
  alive.set(thing, describe);
}

/** Notes that `thing` is closed. Harmless when it is not known. */
export function closed(thing: object): void {
  alive.delete(thing);
}

/** One line for each thing that is open. */
export function stillOpen(): string[] {
  return [...alive.values()].map((describe) => describe());
}
