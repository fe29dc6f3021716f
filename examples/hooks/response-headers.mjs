// Rewrites what backends tell their clients: fields that give away too much go, fields that browsers
// heed come, and redirects to the backend's own address lead to the proxy.
//
//   npm start                          (in another terminal: the backend)
//   node examples/hooks/response-headers.mjs

import { createServer } from '@reverseit/node';
import { serve } from './serve.mjs';

const backend = process.env.BACKEND ?? 'http://127.0.0.1:4000';

await serve(
  createServer({
    backend,
    onResponse({ headers, status }) {
      headers.delete('server');
      headers.delete('x-powered-by');
      headers.set('x-content-type-options', 'nosniff');
      headers.set('strict-transport-security', 'max-age=31536000');
      if (status === 404) headers.set('cache-control', 'no-store');

      const location = headers.get('location');
      if (location?.startsWith(`${backend}/`)) {
        headers.set('location', location.slice(backend.length));
      }

      const cookies = headers.getAll('set-cookie');
      headers.delete('set-cookie');
      for (const cookie of cookies) headers.append('set-cookie', `${cookie}; SameSite=Lax`);
    },
  }),
  'curl -i URL/headers',
);
