import { equalsIgnoreCase, toLowerAscii } from '@reverseit/core/http';

/**
 * What is left of a request's `url` below a path, as Express and Connect leave it to middleware that is
 * mounted there, whatever its case; null for a `url` that is not below it.
 */
export function belowPath(url: string, path: string): string | null {
  const base = path.endsWith('/') ? path.slice(0, -1) : path;
  if (!equalsIgnoreCase(url.slice(0, base.length), toLowerAscii(base))) return null;
  const rest = url.slice(base.length);
  if (rest === '' || rest.startsWith('?')) return `/${rest}`;
  return rest.startsWith('/') ? rest : null;
}
