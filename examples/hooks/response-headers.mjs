// Rewrites what backends tell their clients: fields that give away too much go, fields that browsers
// heed come, and redirects to the backend's own address become paths.
//
//   npm start                          (in another terminal: the backend)
//   node examples/hooks/response-headers.mjs

import { createServer } from '@reverseit/node';
import { serve } from './serve.mjs';

const backend = process.env.BACKEND ?? 'http://127.0.0.1:4000';

/**
 * Without scheme and host, a redirect is right whatever terminates TLS before the proxy. But a path that begins
 * with two slashes would name another host (RFC 3986 §4.2), and browsers take a backslash for a slash.
 *
 * @param {string} location
 */
function withoutBackend(location) {
  if (!location.startsWith(`${backend}/`)) return location;
  const path = location.slice(backend.length);
  return /^\/[/\\]/.test(path) ? `/.${path}` : path;
}

/** @param {string} cookie */
const hasSameSite = (cookie) => /;[ \t]*samesite[ \t]*(?:[=;]|$)/i.test(cookie);

await serve(
  createServer({
    backend,
    // Left to it, the proxy makes them URLs of the host that the client has asked.
    rewriteLocation: false,
    onResponse({ headers, status }) {
      headers.delete('server');
      headers.delete('x-powered-by');
      headers.set('x-content-type-options', 'nosniff');
      headers.set('strict-transport-security', 'max-age=31536000');
      if (status === 404) headers.set('cache-control', 'no-store');

      const location = headers.get('location');
      if (location !== undefined) headers.set('location', withoutBackend(location));

      const cookies = headers.getAll('set-cookie');
      headers.delete('set-cookie');
      for (const cookie of cookies) {
        headers.append('set-cookie', hasSameSite(cookie) ? cookie : `${cookie}; SameSite=Lax`);
      }
    },
  }),
  'curl -i URL/headers',
);
