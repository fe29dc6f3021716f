import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toLowerAscii } from './ascii.ts';
import { FIELD, type FieldEntry, fieldEntry, fieldsWhere } from './field-registry.ts';

describe('fields that a proxy treats specially', () => {
  test.for([
    ['Host', FIELD.HOST],
    ['CONTENT-LENGTH', FIELD.CONTENT_LENGTH],
    ['Transfer-Encoding', FIELD.TRANSFER_ENCODING],
    ['connection', FIELD.CONNECTION],
    ['Keep-Alive', FIELD.KEEP_ALIVE],
    ['TE', FIELD.TE],
    ['Trailer', FIELD.TRAILER],
    ['Upgrade', FIELD.UPGRADE],
    ['Expect', FIELD.EXPECT],
    ['Date', FIELD.DATE],
    ['Via', FIELD.VIA],
    ['X-Forwarded-For', FIELD.X_FORWARDED_FOR],
    ['x-forwarded-Host', FIELD.X_FORWARDED_HOST],
    ['X-FORWARDED-PROTO', FIELD.X_FORWARDED_PROTO],
    ['Max-Forwards', FIELD.MAX_FORWARDS],
    ['Location', FIELD.LOCATION],
    ['Content-Location', FIELD.LOCATION],
    ['', FIELD.OTHER],
    ['T', FIELD.OTHER],
    ['Trailers', FIELD.OTHER],
    ['Hos\u017f', FIELD.OTHER],
    ['content_length', FIELD.OTHER],
    ['X_Forwarded_For', FIELD.DISGUISED],
    ['x_forwarded-for', FIELD.DISGUISED],
    ['X-FORWARDED_HOST', FIELD.DISGUISED],
    ['x_forwarded_proto', FIELD.DISGUISED],
    ['x_forwarded_port', FIELD.OTHER],
    ['x-forwarded.for', FIELD.OTHER],
    ['a'.repeat(1000), FIELD.OTHER],
    ['constructor', FIELD.OTHER],
  ] as const)('%j is %d', ([name, field]) => {
    expect(fieldEntry(name).id).toBe(field);
  });
});

const queries: readonly [what: string, query: (entry: FieldEntry) => boolean, names: string[]][] = [
  [
    'RFC 9110 §7.6.1: ends at the next hop',
    ({ hopByHop }) => hopByHop,
    [
      'connection',
      'keep-alive',
      'proxy-authenticate',
      'proxy-authorization',
      'proxy-connection',
      'te',
      'trailer',
      'transfer-encoding',
      'upgrade',
    ],
  ],
  [
    'RFC 9112 §6, RFC 9110 §6.6.2: frames the body',
    ({ framing }) => framing,
    ['content-length', 'trailer', 'transfer-encoding'],
  ],
  [
    'the server sets it in a whole response',
    ({ setByServer }) => setByServer,
    ['connection', 'content-length', 'transfer-encoding'],
  ],
  [
    'the transport sets it in a request',
    ({ setByTransport }) => setByTransport,
    ['connection', 'expect', 'keep-alive', 'transfer-encoding', 'upgrade'],
  ],
  [
    'options cannot set it',
    ({ settableByUser }) => !settableByUser,
    [
      'connection',
      'content-length',
      'expect',
      'keep-alive',
      'proxy-connection',
      'te',
      'trailer',
      'transfer-encoding',
      'upgrade',
    ],
  ],
  [
    'options cannot remove it',
    ({ removableByUser }) => !removableByUser,
    ['content-length', 'host', 'transfer-encoding'],
  ],
  [
    'RFC 9113 §8.2.2: makes an HTTP/2 message malformed',
    ({ forbiddenInHttp2 }) => forbiddenInHttp2,
    [
      'connection',
      'http2-settings',
      'keep-alive',
      'proxy-connection',
      'transfer-encoding',
      'upgrade',
    ],
  ],
  [
    'RFC 6455 §4: of the handshake',
    ({ handshake }) => handshake,
    [
      'sec-websocket-accept',
      'sec-websocket-extensions',
      'sec-websocket-key',
      'sec-websocket-protocol',
      'sec-websocket-version',
      'upgrade',
    ],
  ],
  [
    'RFC 9110 §11: credentials',
    ({ auth }) => auth === 'credentials',
    ['authorization', 'proxy-authorization'],
  ],
  [
    'RFC 9110 §11: challenges',
    ({ auth }) => auth === 'challenge',
    ['proxy-authenticate', 'www-authenticate'],
  ],
  ['not joined by a comma', ({ separator }) => separator !== ', ', ['cookie', 'set-cookie']],
];

test.each(queries)('%s', (_, query, names) => {
  expect(fieldsWhere(query)).toEqual(names);
});

describe('what tells a backend about the client is known with `_` for `-` (RFC 3875 §4.1.18)', () => {
  test.for(['X-Real-IP', 'x_real_ip', 'X-Forwarded-Port', 'x_forwarded-port', 'X_Forwarded_For'])(
    '%s',
    (name) =>
      expect(fieldEntry(name)).toMatchObject({ describesClient: true, trailerAllowed: false }),
  );
  test.for(['X-Real', 'X-Forwarded', 'x.forwarded-for', 'X-Realm-IP', 'for_warded'])(
    'not %s',
    (name) => expect(fieldEntry(name).describesClient).toBe(false),
  );
});

test('every row is found by its name in any case, and nothing else is', () => {
  const rows = fieldsWhere(() => true);
  const known = new Set(rows);
  const cased = fc
    .constantFrom(...rows)
    .chain((name) =>
      fc.mixedCase(fc.constant(name)).map((mixed): [string, string] => [mixed, name]),
    );
  fc.assert(
    fc.property(cased, ([mixed, name]) => {
      expect(fieldEntry(mixed).name).toBe(name);
    }),
  );
  const others = fc.string({ unit: 'binary-ascii', maxLength: 40 });
  fc.assert(
    fc.property(others, (name) => {
      const lower = toLowerAscii(name);
      fc.pre(!known.has(lower) && !/^x[-_]/.test(lower));
      expect(fieldEntry(name).name).toBe('');
    }),
  );
});
