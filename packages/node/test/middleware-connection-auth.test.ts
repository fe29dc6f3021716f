/** Backends that authenticate the connection (NTLM, Negotiate; RFC 4559), behind servers of Node. */
import { describe } from 'vitest';
import { runConnectionAuthCases } from './connection-auth-cases.ts';
import { hosts, useMiddleware } from './middleware-rig.ts';
import { ntlmOrigin } from './ntlm-origin.ts';

const start = useMiddleware();

describe.for(['undici', 'direct'] as const)('over %s', (transport) => {
  describe.for(['node:http', 'node:https', 'Express 5'] as const)('%s', (name) => {
    runConnectionAuthCases(() =>
      start({ origin: ntlmOrigin, host: hosts[name], options: { pool: { transport } } }),
    );
  });
});
