// Run by pnpm in the folder of a package that is about to be packed: the
// packages share one changelog and one licence.
import { copyFileSync } from 'node:fs';

for (const file of ['CHANGELOG.md', 'LICENSE']) {
  copyFileSync(new URL(`../${file}`, import.meta.url), file);
}
