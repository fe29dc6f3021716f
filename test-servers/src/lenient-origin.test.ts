import { describe, expect, it } from 'vitest';
import { type LenientOriginOptions, readLeniently, startLenientOrigin } from './lenient-origin.ts';
import { connectRaw } from './raw-client.ts';
import { useCensus, useCleanup } from './use-server.ts';

useCensus();
const use = useCleanup();

/** Targets that it believes in, and the bodies. */
function believedIn(text: string, options: LenientOriginOptions = {}): string[] {
  const seen: string[] = [];
  let bytes = Buffer.from(text, 'latin1');
  for (;;) {
    const read = readLeniently(bytes, options);
    if (read === null) return seen;
    seen.push(`${read.request.target} ${JSON.stringify(read.request.body.toString('latin1'))}`);
    bytes = bytes.subarray(read.length);
  }
}

const both =
  'POST /a HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n' +
  '0\r\n\r\n' +
  'GET /smuggled HTTP/1.1\r\n\r\n';

describe('lenient origin', () => {
  it.each([
    ['a length wins', both, {}, ['/a "0\\r\\n\\r"', '/smuggled ""']],
    ['a coding wins', both, { prefer: 'chunked' }, ['/a ""', '/smuggled ""']],
    [
      'a coding is ignored',
      'POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nGET /s HTTP/1.1\r\n\r\n',
      { ignoresCoding: true },
      ['/a ""', '/s ""'],
    ],
    [
      'any disguise of chunked will do',
      'POST /a HTTP/1.1\nTransfer-Encoding : xChunked\n\n2;a\nbcXX0\n\nGET /s HTTP/1.1\n\n',
      {},
      ['/a "bc"', '/s ""'],
    ],
    [
      'a folded length',
      'POST /a HTTP/1.1\r\nContent-Length:\r\n 2\r\n\r\nbcGET /s HTTP/1.1\r\n\r\n',
      {},
      ['/a "bc"', '/s ""'],
    ],
    [
      'the last length',
      'POST /a HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 2\r\n\r\nbcGET /s HTTP/1.1\r\n\r\n',
      { takesLength: 'last' },
      ['/a "bc"', '/s ""'],
    ],
    [
      'a length with a tail',
      'POST /a HTTP/1.1\r\nContent-Length: 2x\r\n\r\nbcGET /s HTTP/1.1\r\n\r\n',
      {},
      ['/a "bc"', '/s ""'],
    ],
    [
      'a method without a body',
      'GET /a HTTP/1.1\r\nContent-Length: 21\r\n\r\nGET /s HTTP/1.1\r\n\r\n',
      { bodiless: ['GET'] },
      ['/a ""', '/s ""'],
    ],
  ] satisfies [string, string, LenientOriginOptions, string[]][])(
    '%s',
    (_, text, options, seen) => {
      expect(believedIn(text, options)).toEqual(seen);
    },
  );

  it('answers what it believes in', async () => {
    const origin = use(await startLenientOrigin());
    const client = use(await connectRaw({ port: origin.port }));
    client.send(both);
    for (let i = 0; i < 2; i += 1) expect((await client.readResponse()).text).toBe('ok');
    expect(origin.believed.map(({ target }) => target)).toEqual(['/a', '/smuggled']);
  });
});
