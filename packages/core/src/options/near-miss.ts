/** Finds the name that was probably meant. For configurations, not for wire data. */

/** A name without case, hyphens and underscores, so that `pool_timeout` finds `poolTimeout`. */
export const plainName = (name: string): string => name.replaceAll(/[-_]/g, '').toLowerCase();

/** Longer names are no slip of the finger. */
const longest = 64;

/** The known name nearest to the given one, or null when none is near. */
export function nearMiss(name: string, known: Iterable<string>): string | null {
  if (name.length > longest) return null;
  const wanted = plainName(name);
  let nearest: string | null = null;
  let least = 1 + Math.max(1, Math.floor(wanted.length / 4));
  for (const candidate of known) {
    const distance = editDistance(wanted, plainName(candidate));
    if (distance < least) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one name into the other. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, at(beforeLast, j - 2) + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

const at = (row: readonly number[], index: number): number => row[index] ?? 0;
