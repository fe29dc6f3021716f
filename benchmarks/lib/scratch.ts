/** One folder for the files of a run. It goes when the run ends. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let scratch: string | null = null;

export function scratchFolder(): string {
  if (scratch === null) {
    const made = mkdtempSync(join(tmpdir(), 'reverseit-bench-'));
    process.once('exit', () => rmSync(made, { recursive: true, force: true }));
    scratch = made;
  }
  return scratch;
}
