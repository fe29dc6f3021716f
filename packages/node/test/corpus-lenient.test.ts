/**
 * The corpus in front of backends that believe whatever they are told: however naive they are, they
 * understand the very requests that the proxy took, and no other (RFC 9112 §11.2).
 */
import { connectRaw } from '@reverseit/test-servers';
import {
  type LenientOriginOptions,
  startLenientOrigin,
} from '@reverseit/test-servers/lenient-origin';
import { type CorpusCase, loadCorpus } from '@reverseit/test-servers/load-corpus';
import { useCensus } from '@reverseit/test-servers/use-server';
import { describe, expect, it } from 'vitest';
import { createServer } from '../src/index.ts';

// Trailers pass over the direct transport alone. They are not for a backend that knows none.
const isDirect = process.env.REVERSEIT_TRANSPORT === 'direct';
const trails = ({ outcomes }: CorpusCase): boolean =>
  isDirect && outcomes.some((one) => one.kind === 'accept' && one.trailers.length > 0);

// Limits other than the defaults would need a proxy each, and are not about framing.
const cases = loadCorpus('proxy').filter(
  (one) => Object.keys(one.options).length === 0 && !trails(one),
);

const taken = (one: CorpusCase): string[] =>
  one.outcomes.flatMap((outcome) =>
    outcome.kind === 'accept' && outcome.proxyAnswers === undefined
      ? [`${outcome.method} ${outcome.target} ${outcome.body.toString('latin1')}`]
      : [],
  );

const backends: readonly [about: string, options: LenientOriginOptions][] = [
  ['a length before a coding', { prefer: 'length' }],
  ['a coding before a length', { prefer: 'chunked' }],
  ['the last of several lengths', { takesLength: 'last' }],
  ['no coding at all', { ignoresCoding: true }],
];

describe('a naive backend behind the proxy', () => {
  useCensus();

  it.for(backends)('that believes in %s', async ([, options]) => {
    const origin = await startLenientOrigin(options);
    // What such a backend is sent must not depend on how busy the machine is.
    const proxy = createServer({ logger: null, backend: origin.url, requestBodyBufferDelay: 0 });
    try {
      const address = await proxy
        .listen({ host: '127.0.0.1', port: 0 })
        .then(() => proxy.address());
      const port = address !== null && 'port' in address ? address.port : 0;
      for (const one of cases) {
        const before = origin.believed.length;
        const client = await connectRaw({ port, name: one.title });
        await client.write(one.input);
        client.end();
        await client.reader.drain();
        await client.close();
        const seen = origin.believed
          .slice(before)
          .map(({ method, target, body }) => `${method} ${target} ${body.toString('latin1')}`);
        expect(seen, one.title).toEqual(taken(one));
      }
    } finally {
      await proxy.close({ timeout: 0 });
      await origin.close();
    }
  });
});
