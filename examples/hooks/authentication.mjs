// Asks for a name and a password (RFC 7617) before anything reaches the backend, and tells the backend
// who it is. A real application would look users up in `verify`, which may be slow.
//
//   npm start                          (in another terminal: the backend)
//   node examples/hooks/authentication.mjs

import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer } from '@reverseit/node';
import { serve } from './serve.mjs';

/** @param {string} text */
const digest = (text) => createHash('sha256').update(text).digest();

const users = new Map([['ada', digest('lovelace')]]);
const nobody = digest('');

/** @param {string} name @param {string} password */
async function verify(name, password) {
  // The same work for unknown names, so that the time does not tell them apart.
  const matches = timingSafeEqual(digest(password), users.get(name) ?? nobody);
  return matches && users.has(name);
}

/** @param {string | undefined} authorization @returns {Promise<string | undefined>} the user's name */
async function userOf(authorization) {
  const [, encoded] = /^Basic ([\w+/=]+)$/i.exec(authorization ?? '') ?? [];
  if (encoded === undefined) return undefined;
  const credentials = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = credentials.indexOf(':');
  const name = credentials.slice(0, colon);
  return colon > 0 && (await verify(name, credentials.slice(colon + 1))) ? name : undefined;
}

await serve(
  createServer({
    backend: process.env.BACKEND ?? 'http://127.0.0.1:4000',
    async onRequest({ headers }) {
      const user = await userOf(headers.get('authorization'));
      if (user === undefined) {
        return {
          status: 401,
          headers: { 'www-authenticate': 'Basic realm="demo"', 'content-type': 'text/plain' },
          body: 'Please sign in.\n',
        };
      }
      headers.delete('authorization');
      // Whatever a client claimed in this field is replaced.
      headers.set('x-user', encodeURIComponent(user));
      return undefined;
    },
  }),
  'curl -i URL/echo; curl -u ada:lovelace URL/echo',
);
