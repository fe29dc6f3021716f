/** The suites of WebSockets once more, with clients that speak HTTP/2 (RFC 8441). */
import { describe, vi } from 'vitest';

// For `websocket-clients.ts`, which the first of the suites loads.
vi.stubEnv('REVERSEIT_TEST_WEBSOCKETS', 'http2');

/** Without what is about HTTP/1.1 itself; what is about HTTP/2 itself is in `websocket-http2*.test.ts`. */
const suites: readonly (readonly [name: string, load: () => Promise<unknown>])[] = [
  ['handshake', () => import('./websocket-handshake.test.ts')],
  ['frames', () => import('./websocket-frames.test.ts')],
  ['violations', () => import('./websocket-violations.test.ts')],
  ['deflate', () => import('./websocket-deflate.test.ts')],
  ['fairness', () => import('./websocket-fairness.test.ts')],
  ['lifecycle', () => import('./websocket-lifecycle.test.ts')],
  ['records', () => import('./websocket-records.test.ts')],
  ['tracing', () => import('./websocket-tracing.test.ts')],
];

describe.each(suites)('%s', async (_, load) => {
  await load();
});
