/**
 * The corpus through servers of Node with the proxy as middleware, in front of backends that believe
 * whatever they are told. Node's parser takes and refuses other cases than ours, and can be told to be
 * lenient; but a backend understands the very requests that Node has read, and no other (RFC 9112 §11.2).
 */
import http from 'node:http';
import { connectRaw, eventually } from '@reverseit/test-servers';
import {
  type LenientOriginOptions,
  startLenientOrigin,
} from '@reverseit/test-servers/lenient-origin';
import { loadCorpus } from '@reverseit/test-servers/load-corpus';
import { describe, expect, it } from 'vitest';
import { type Host, useMiddleware } from './middleware-rig.ts';

const cases = loadCorpus('proxy').filter((one) => Object.keys(one.options).length === 0);

/** Serves clients on that have ended their side, as ours does. */
const halfOpen = (server: http.Server): http.Server =>
  Object.assign(server, { httpAllowHalfOpen: true });

const servers: Record<string, Host> = {
  'as it is': (handler) => halfOpen(http.createServer(handler)),
  'told to be lenient': (handler) =>
    halfOpen(http.createServer({ insecureHTTPParser: true, requireHostHeader: false }, handler)).on(
      'checkExpectation',
      handler,
    ),
};

const backends: readonly [about: string, options: LenientOriginOptions][] = [
  ['a length before a coding', { prefer: 'length' }],
  ['a coding before a length', { prefer: 'chunked' }],
  ['the last of several lengths', { takesLength: 'last' }],
  ['no coding at all', { ignoresCoding: true }],
];

describe.each(Object.entries(servers))('node:http %s', (_, host) => {
  const start = useMiddleware();

  it.for(backends)('before a backend that believes in %s', async ([, options]) => {
    const origin = await startLenientOrigin(options);
    const forwarded: { readonly text: string; readonly served: boolean }[] = [];
    const rig = await start({
      host,
      options: {
        backend: origin.url,
        onFinish: ({ method, target, bytesReceived, durations, errorCode }) => {
          if (durations.request === null) return;
          const served = errorCode === null;
          forwarded.push({ text: `${method} ${target} ${bytesReceived}`, served });
        },
      },
    });
    try {
      for (const one of cases) {
        const before = origin.believed.length;
        forwarded.length = 0;
        const client = await connectRaw({ port: rig.port, name: one.title });
        await client.write(one.input);
        client.end();
        await client.reader.drain();
        await client.close();
        await eventually(() => rig.handler.stats().activeExchanges === 0, one.title);
        const seen = origin.believed
          .slice(before)
          .map(({ method, target, body }) => `${method} ${target} ${body.length}`);
        // One whose client was refused what it sent after it may have been there as well.
        const known = forwarded.filter(({ text, served }) => served || seen.includes(text));
        expect(seen, one.title).toEqual(known.map(({ text }) => text));
      }
      expect(origin.believed.length).toBeGreaterThan(100);
      await rig.handler.close();
    } finally {
      await origin.close();
    }
  });
});
