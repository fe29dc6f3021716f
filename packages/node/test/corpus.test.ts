/** Every case of the corpus through the whole proxy: what the client got, and what the backend saw. */
import { answerEach, response } from '@reverseit/test-servers';
import { checkSeen, playCase } from '@reverseit/test-servers/corpus-client';
import { loadCorpus } from '@reverseit/test-servers/load-corpus';
import { describe, expect, it } from 'vitest';
import { useProxy } from './harness.ts';

const cases = loadCorpus('proxy');
/** Longer inputs are played whole only: their bulk is padding. */
const maxPiecedBytes = 1024;

describe('the corpus through the proxy', () => {
  const start = useProxy();

  it('is there', () => expect(cases.length).toBeGreaterThan(500));

  it.for(cases)('$title', async (one) => {
    const bench = await start({
      options: { forwardedHeaders: 'append', ...one.options },
      origin: { script: answerEach(response(200)) },
    });
    await playCase(one, { port: bench.port });
    checkSeen(one, bench.origin.requests);
    bench.origin.assertScripts();
    if (one.input.length > maxPiecedBytes) return;
    bench.origin.requests.length = 0;
    await playCase(one, { port: bench.port, pieceBytes: 3 });
    checkSeen(one, bench.origin.requests);
    bench.origin.assertScripts();
  });
});
