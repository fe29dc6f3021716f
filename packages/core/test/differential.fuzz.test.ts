/**
 * The request parser against the server of `node:http`, on the same bytes: what ours takes, that one
 * takes too, and as the same request. Ours may only be stricter, and only where `stricter` says so.
 */
import { anyRequests } from '@reverseit/test-servers/arbitrary-requests';
import { loadCorpus } from '@reverseit/test-servers/load-corpus';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ParsedMessage, parseAll, type Verdict } from './drive-parser.ts';
import { NodeHttp, type NodeRequest, type NodeVerdict } from './node-http.ts';

/** What Node took and ours refuses. */
interface Refused {
  readonly request: NodeRequest;
  /** The bytes from the start of the refused request. */
  readonly text: string;
}

/** An intended difference: refused by ours, taken by Node. */
interface Stricter {
  readonly code: string;
  readonly about: string;
  readonly sample: string;
  explains(refused: Refused): boolean;
}

const values = ({ fields }: NodeRequest, name: string): string[] =>
  fields.filter((_, at) => at % 2 === 1 && fields[at - 1]?.toLowerCase() === name);

const get = (...lines: string[]): string => `GET / HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
const post = (line: string, content: string): string =>
  `POST / HTTP/1.1\r\nHost: a\r\n${line}\r\n\r\n${content}`;
const chunked = 'Transfer-Encoding: chunked';
const chunk = '3\r\nabc\r\n0\r\n\r\n';

const isHost = (value: string): boolean =>
  /^(?:(?:[\w.~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+|\[[0-9A-Fa-f:.]+\])(?::(?!0*(?:6553[6-9]|[7-9]\d{4}|\d{6}))\d*)?$/.test(
    value,
  );

const [llhttpMajor = 0, llhttpMinor = 0] = process.versions.llhttp?.split('.').map(Number) ?? [];
const llhttpTakesDel = llhttpMajor < 9 || (llhttpMajor === 9 && llhttpMinor < 4);

const stricter: readonly Stricter[] = [
  {
    code: 'RIT_ERR_REQUEST_LINE',
    about: 'RFC 9112 §2.2, §3: more than an empty line before it, blanks that are no single space',
    sample: 'GET  / HTTP/1.1\r\nHost: a\r\n\r\n',
    explains: ({ text }) => !/^(?:\r\n)?[^ \r\n]+ [^ \r\n]+ HTTP\/\d\.\d\r\n/.test(text),
  },
  {
    code: 'RIT_ERR_HTTP_VERSION',
    about: 'RFC 9112 §2.3: a version other than 1.0 and 1.1',
    sample: 'GET / HTTP/2.0\r\nHost: a\r\n\r\n',
    explains: ({ request }) => !['1.0', '1.1'].includes(request.version),
  },
  {
    code: 'RIT_ERR_METHOD_UNKNOWN',
    about: 'RFC 9110 §9.3.6: CONNECT, for which a reverse proxy has no use',
    sample: 'CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n',
    explains: ({ request }) => request.method === 'CONNECT',
  },
  {
    code: 'RIT_ERR_TARGET',
    about: 'RFC 9112 §3.2: a fragment, userinfo, a scheme that is not ours, `*` without OPTIONS',
    sample: 'GET /#x HTTP/1.1\r\nHost: a\r\n\r\n',
    explains: ({ request: { method, target } }) =>
      target.includes('#') || (!target.startsWith('/') && (target !== '*' || method !== 'OPTIONS')),
  },
  {
    code: 'RIT_ERR_HOST',
    about: 'RFC 9112 §3.2: Host missing, repeated or malformed',
    sample: get('Host: a', 'Host: b'),
    explains: ({ request }) => {
      const [host, ...more] = values(request, 'host');
      return host === undefined || more.length > 0 || !isHost(host);
    },
  },
  {
    code: 'RIT_ERR_HOST_CONFLICT',
    about: 'RFC 9112 §3.2.2: a target in absolute form for another host than Host',
    sample: 'GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n',
    explains: ({ request }) => !request.target.startsWith('/'),
  },
  {
    code: 'RIT_ERR_CONTENT_LENGTH',
    about: 'RFC 9110 §8.6: a tab beside it, or no number of JavaScript tells it exactly',
    sample: post('Content-Length: 9007199254740992', ''),
    explains: ({ request, text }) =>
      /^content-length:.*\t/im.test(text) ||
      Number(values(request, 'content-length')) > Number.MAX_SAFE_INTEGER,
  },
  {
    code: 'RIT_ERR_TRANSFER_CODING',
    about: 'RFC 9112 §6.1: a coding besides chunked, which Node leaves to the application',
    sample: post('Transfer-Encoding: gzip, chunked', chunk),
    explains: ({ request }) =>
      values(request, 'transfer-encoding').some((value) => value.toLowerCase() !== 'chunked'),
  },
  {
    code: 'RIT_ERR_FRAMING_CONFLICT',
    about: 'RFC 9112 §6.1, §6.3: chunked twice, in 1.0, with a tab beside it; content in TRACE',
    sample: 'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    explains: ({ request, text }) => {
      const codings = values(request, 'transfer-encoding');
      return (
        request.method === 'TRACE' ||
        (codings.length > 0 && request.version === '1.0') ||
        /^transfer-encoding:.*\t/im.test(text) ||
        codings.join().toLowerCase() !== 'chunked'
      );
    },
  },
  {
    code: 'RIT_ERR_EXPECTATION',
    about: 'RFC 9110 §10.1.1: an expectation other than 100-continue, or twice',
    sample: get('Host: a', 'Expect: 200-ok'),
    explains: ({ request }) => values(request, 'expect').join().toLowerCase() !== '100-continue',
  },
  {
    code: 'RIT_ERR_FIELD_SYNTAX',
    about: 'RFC 9110 §7.6.1: Connection is no list of tokens, or names more than 64 fields',
    sample: get('Host: a', 'Connection: a b'),
    explains: ({ request }) =>
      values(request, 'connection').some(
        (value) => !/^[\w!#$%&'*+.^`|~, \t-]*$/.test(value) || / /.test(value.replace(/, */g, ',')),
      ) || values(request, 'connection').join().split(',').length > 64,
  },
  ...(llhttpTakesDel
    ? [
        {
          code: 'RIT_ERR_CHUNK_SYNTAX',
          about:
            'RFC 9110 §5.6.4: DEL in a quoted chunk extension, which llhttp refuses from 9.4 on',
          sample: post(chunked, '1;a="\x7f"\r\na\r\n0\r\n\r\n'),
          explains: ({ text }: Refused) => /;[^\r]*"[^\r]*\x7f/.test(text),
        },
      ]
    : []),
  ...(
    [
      ['RIT_ERR_TARGET_TOO_LONG', `GET /${'a'.repeat(8192)} HTTP/1.1\r\nHost: a\r\n\r\n`],
      ['RIT_ERR_HEAD_TOO_LARGE', get('Host: a', `X: ${'a'.repeat(8192)}`)],
      ['RIT_ERR_TOO_MANY_FIELDS', get('Host: a', ...Array.from({ length: 100 }, () => 'X: y'))],
      ['RIT_ERR_CHUNK_OVERHEAD', post(chunked, `1;${'a'.repeat(16_384)}\r\na\r\n0\r\n\r\n`)],
      ['RIT_ERR_TRAILERS_TOO_LARGE', post(chunked, `0\r\nX: ${'a'.repeat(8192)}\r\n\r\n`)],
    ] as const
  ).map(([code, sample]) => ({ code, about: 'limits', sample, explains: () => true })),
];

/** Our target is in origin form; Node leaves the absolute one as it is. */
function originForm({ method, target }: NodeRequest): string {
  const absolute = /^https?:\/\/[^/?]*(.*)$/is.exec(target);
  if (absolute === null) return target;
  const [, rest = ''] = absolute;
  if (rest === '') return method === 'OPTIONS' ? '*' : '/';
  return rest.startsWith('/') ? rest : `/${rest}`;
}

const toldByOurs = ({ head, body, trailers, complete }: ParsedMessage) => ({
  line: [head.method, head.target, `1.${head.minorVersion}`],
  fields: head.fields,
  body,
  trailers,
  complete,
});

const toldByNode = (request: NodeRequest) => ({
  line: [request.method, originForm(request), request.version],
  fields: request.fields,
  body: request.body,
  trailers: request.trailers,
  complete: request.complete,
});

/** Throws where Node understood what ours took in any other way; returns why ours was stricter. */
function compare(text: string, ours: Verdict, node: NodeVerdict): Stricter | null {
  const taken = ours.messages.length;
  // A refused body is given up in the middle; how much of it Node passes on is no matter.
  const inBody = ours.code !== null && ours.messages.at(-1)?.complete === false;
  const all = inBody ? taken - 1 : taken;
  const last = node.requests.findIndex(stopsNode);
  const whole = last === -1 ? all : Math.min(all, last + 1);
  expect(node.requests.slice(0, whole).map(toldByNode)).toEqual(
    ours.messages.slice(0, whole).map(toldByOurs),
  );
  if (last !== -1 && last < all) return null;
  if (ours.code === null) {
    const ended = ours.messages.at(-1)?.head.persistent === false;
    // Behind a request that ends its connection ours looks at nothing; Node may.
    if (!ended) expect([node.requests.length, node.error]).toEqual([taken, eofOf(ours, text)]);
    return null;
  }
  const request = node.requests[whole];
  if (request === undefined || isRefused(request, node.error, inBody)) return null;
  const refused = { request, text: text.slice(ours.completed) };
  const why = stricter.find(({ code, explains }) => code === ours.code && explains(refused));
  if (why === undefined) throw new Error(`no reason for ${ours.code}`);
  return why;
}

/**
 * Node loses what is pipelined after an offer of an upgrade that it ignores, and takes a `Connection`
 * in the trailers for one in the head (RFC 9110 §6.5.1 forbids that).
 */
const stopsNode = (request: NodeRequest): boolean =>
  request.trailers.some((name, at) => at % 2 === 0 && name.toLowerCase() === 'connection') ||
  (values(request, 'upgrade').length > 0 &&
    values(request, 'connection').some((value) => /\bupgrade\b/i.test(value)));

/** Whether Node refuses it as well, after its head. */
const isRefused = (request: NodeRequest, error: string | null, inBody: boolean): boolean =>
  !request.complete && (inBody || (error !== null && error !== 'HPE_INVALID_EOF_STATE'));

/** What Node says of a connection that ends, where ours still waits for more. */
function eofOf(ours: Verdict, text: string): string | null {
  return ours.completed === text.length || /^\r?\n?$/.test(text.slice(ours.completed))
    ? null
    : 'HPE_INVALID_EOF_STATE';
}

const node = new NodeHttp();

async function judge(text: string): Promise<Stricter | null> {
  const input = Buffer.from(text, 'latin1');
  return compare(text, parseAll(input), await node.read(input));
}

describe('the parser and node:http', () => {
  it.for(stricter)('$code is stricter: $about', async (one) => {
    expect(await judge(one.sample)).toBe(one);
  });

  it.each([
    [
      'an offer of an upgrade that is ignored',
      get('Host: a', 'Connection: upgrade', 'Upgrade: h2c'),
    ],
    ['`Connection: close` in trailers', post(chunked, '0\r\nConnection: close\r\n\r\n')],
  ])('Node loses what is pipelined after %s', async (_, first) => {
    const input = Buffer.from(first + get('Host: a'));
    expect(parseAll(input).messages.length).toBe(2);
    expect((await node.read(input)).requests.length).toBe(1);
  });

  it.each([
    '1;%',
    '1;a%',
    '1;a=%',
    '1;a=b%',
    '1;a="%"',
    '1;a="b%"',
    '1;a="\\\\%"',
    '1;a="b"%',
    '1%',
  ])('RFC 9112 §7.1.1: any byte in a chunk extension, at the percent sign of $0', async (line) => {
    for (let byte = 0; byte < 256; byte++) {
      const written = line.replace('%', String.fromCharCode(byte));
      await judge(post(chunked, `${written}\r\na\r\n0\r\n\r\n`));
    }
  });

  const cases = loadCorpus('parser').filter((one) => Object.keys(one.options).length === 0);

  it.for(cases)('$title', async (one) => {
    await judge(one.input.toString('latin1'));
  });

  it('any requests at all', async () => {
    await fc.assert(
      fc.asyncProperty(anyRequests, async (text) => {
        await judge(text);
      }),
      { numRuns: fc.readConfigureGlobal()?.numRuns ?? 500 },
    );
  });
});
