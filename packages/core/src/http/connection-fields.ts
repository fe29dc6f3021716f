/** What Connection takes away beside the fields that never pass (RFC 9110 §7.6.1). */
import { equalsIgnoreCase } from './ascii.ts';
import { fieldEntry } from './field-registry.ts';

/** Whether Connection names a field and may take it away. `named` is in lower case. */
export function isNamedByConnection(name: string, named: readonly string[]): boolean {
  for (const candidate of named) {
    if (equalsIgnoreCase(name, candidate)) return !fieldEntry(candidate).protected;
  }
  return false;
}
