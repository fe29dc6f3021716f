/** Where an application has mounted a handler: the part of the path that it took away before it called. */

/** What frameworks add to a request: Express and Connect the one, Express the other as well. */
interface MountedRequest {
  readonly url?: string | undefined;
  readonly originalUrl?: unknown;
  readonly baseUrl?: unknown;
}

const plainPath = /^(?:\/[!-~]*)?$/;

/** Such as `/x` with `app.use('/x', handler)`; empty where nothing was taken away, or nobody knows. */
export function mountPathOf({ url = '', originalUrl, baseUrl }: MountedRequest): string {
  if (typeof originalUrl !== 'string' || originalUrl === url) return '';
  const path = typeof baseUrl === 'string' ? baseUrl : takenAway(originalUrl, url);
  return plainPath.test(path) && originalUrl.startsWith(path) ? path : '';
}

/**
 * What is left of the one before the other. Of the mount path itself only a slash is left, which is not
 * there.
 */
function takenAway(original: string, url: string): string {
  for (const end of [url, url.startsWith('/') ? url.slice(1) : url]) {
    if (original.endsWith(end)) return original.slice(0, original.length - end.length);
  }
  return '';
}
