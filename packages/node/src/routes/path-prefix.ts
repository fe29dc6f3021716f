/** Path prefixes match on segment boundaries: `/api` is one of `/api/x`, and none of `/apis`. Pure. */

/**
 * Whether a path, or what a query or fragment may follow, is the prefix or lies below it. Everything lies below the
 * prefixes `/` and `""`.
 */
export function isUnder(path: string, prefix: string): boolean {
  if (prefix === '/') return true;
  if (!path.startsWith(prefix)) return false;
  const next = path[prefix.length];
  return next === '/' || next === undefined || next === '?' || next === '#';
}
