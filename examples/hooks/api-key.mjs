// Adds the key that the backend wants to each request. Clients never see it, and cannot send their own.
//
//   npm start                          (in another terminal: the backend)
//   node examples/hooks/api-key.mjs

import { createServer } from '@reverseit/node';
import { serve } from './serve.mjs';

const apiKey = process.env.API_KEY ?? 'a key for the demonstration';

await serve(
  createServer({
    backend: process.env.BACKEND ?? 'http://127.0.0.1:4000',
    onRequest(request) {
      request.headers.set('x-api-key', apiKey);
      // A key in the query would end up in logs.
      const [path, query] = request.target.split('?');
      const parameters = new URLSearchParams(query);
      if (!parameters.has('api_key')) return;
      parameters.delete('api_key');
      request.target = parameters.size === 0 ? `${path}` : `${path}?${parameters}`;
    },
  }),
  'curl URL/echo',
);
