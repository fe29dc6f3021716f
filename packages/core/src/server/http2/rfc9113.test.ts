/** What a client must not do, by the sections of RFC 9113, and what it gets for it. */

import {
  codeName,
  data,
  end,
  get,
  Http2Client,
  headers,
  open,
  post,
  reset,
  settings,
  windowUpdate,
} from '@reverseit/test-servers/http2-client';
import {
  block,
  clientPreface,
  END_HEADERS,
  END_STREAM,
  frame,
  uint32,
} from '@reverseit/test-servers/http2-frames';
import { describe, expect, test } from 'vitest';
import { echoTarget, useRig } from '../../../test/server-rig.ts';
import { connectionPreface, FLAG, FRAME, SETTING } from '../../http2/protocol.ts';

const start = useRig();

const priority = Buffer.from([0, 0, 0, 1, 15]);
const raw = (type: number, flags: number, id: number, length: number): Buffer =>
  frame(type, flags, id, Buffer.alloc(length));
const fields = block(...get());

async function client(beginning?: Buffer): Promise<Http2Client> {
  const rig = await start(echoTarget, { protocols: ['http2'] });
  if (!('port' in rig.address)) throw new Error('expected a port');
  return Http2Client.connect(rig.address.port, beginning);
}

const authority = (value: string): string[] => [...get().slice(0, 6), ':authority', value];

type Case = readonly [section: string, what: string, sent: readonly Buffer[], code: string];

const connectionErrors: readonly Case[] = [
  [
    '4.1',
    'a reserved bit is ignored, an unknown frame as well, but not inside a header block',
    [frame(FRAME.HEADERS, 0, 1, fields), raw(0xbb, 0, 0, 8)],
    'PROTOCOL_ERROR',
  ],
  [
    '4.2',
    'DATA larger than SETTINGS_MAX_FRAME_SIZE',
    [open(1), raw(FRAME.DATA, 0, 1, 16_385)],
    'FRAME_SIZE_ERROR',
  ],
  [
    '4.2',
    'HEADERS larger than SETTINGS_MAX_FRAME_SIZE',
    [raw(FRAME.HEADERS, 5, 1, 16_385)],
    'FRAME_SIZE_ERROR',
  ],
  [
    '4.3',
    'a header block that HPACK cannot read',
    [frame(FRAME.HEADERS, 5, 1, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff]))],
    'COMPRESSION_ERROR',
  ],
  [
    '4.3',
    'CONTINUATION of another stream',
    [frame(FRAME.HEADERS, 1, 1, fields), raw(FRAME.CONTINUATION, 4, 3, 0)],
    'PROTOCOL_ERROR',
  ],
  [
    '4.3',
    'HEADERS within a header block',
    [frame(FRAME.HEADERS, 1, 1, fields), headers(3)],
    'PROTOCOL_ERROR',
  ],
  ['5.1', 'DATA on an idle stream', [data(1, 'x')], 'PROTOCOL_ERROR'],
  ['5.1', 'RST_STREAM on an idle stream', [reset(1)], 'PROTOCOL_ERROR'],
  ['5.1', 'WINDOW_UPDATE on an idle stream', [windowUpdate(1, 100)], 'PROTOCOL_ERROR'],
  [
    '5.1',
    'CONTINUATION on an idle stream',
    [frame(FRAME.CONTINUATION, 4, 1, fields)],
    'PROTOCOL_ERROR',
  ],
  [
    '5.1',
    'DATA on a stream that the client has reset',
    [open(1), reset(1), data(1, 'x')],
    'STREAM_CLOSED',
  ],
  [
    '5.1',
    'HEADERS on a stream that the client has reset',
    [open(1), reset(1), headers(1)],
    'STREAM_CLOSED',
  ],
  ['5.1.1', 'an even stream', [headers(2)], 'PROTOCOL_ERROR'],
  ['5.1.1', 'a stream before the latest one', [headers(5), headers(3)], 'PROTOCOL_ERROR'],
  [
    '5.3',
    'HEADERS that depend on their stream',
    [frame(FRAME.HEADERS, 0x25, 1, Buffer.concat([priority, fields]))],
    'PROTOCOL_ERROR',
  ],
  ['6.1', 'DATA on stream 0', [data(0, 'x')], 'PROTOCOL_ERROR'],
  [
    '6.1',
    'padding as long as its frame',
    [open(1), frame(FRAME.DATA, FLAG.PADDED, 1, Buffer.from([5, 1, 2, 3, 4]))],
    'PROTOCOL_ERROR',
  ],
  [
    '6.1',
    'padding without room for its length',
    [open(1), frame(FRAME.DATA, FLAG.PADDED, 1)],
    'FRAME_SIZE_ERROR',
  ],
  ['6.2', 'HEADERS on stream 0', [headers(0)], 'PROTOCOL_ERROR'],
  [
    '6.2',
    'HEADERS with padding longer than they are',
    [frame(FRAME.HEADERS, 0x0d, 1, Buffer.concat([Buffer.from([255]), fields]))],
    'PROTOCOL_ERROR',
  ],
  [
    '6.2',
    'HEADERS too short for their priority',
    [raw(FRAME.HEADERS, 0x25, 1, 4)],
    'FRAME_SIZE_ERROR',
  ],
  ['6.3', 'PRIORITY on stream 0', [frame(FRAME.PRIORITY, 0, 0, priority)], 'PROTOCOL_ERROR'],
  ['6.3', 'PRIORITY of a wrong length', [raw(FRAME.PRIORITY, 0, 1, 4)], 'FRAME_SIZE_ERROR'],
  ['6.3', 'PRIORITY on itself', [frame(FRAME.PRIORITY, 0, 1, priority)], 'PROTOCOL_ERROR'],
  ['6.4', 'RST_STREAM on stream 0', [reset(0)], 'PROTOCOL_ERROR'],
  [
    '6.4',
    'RST_STREAM of a wrong length',
    [open(1), raw(FRAME.RST_STREAM, 0, 1, 3)],
    'FRAME_SIZE_ERROR',
  ],
  [
    '4.3',
    'trailers that HPACK cannot read',
    [open(1), frame(FRAME.HEADERS, 5, 1, Buffer.from([0xbe]))],
    'COMPRESSION_ERROR',
  ],
  [
    '5.1',
    'a stream of which only its priority was said, and then DATA',
    [frame(FRAME.PRIORITY, 0, 3, priority), data(3, 'x')],
    'PROTOCOL_ERROR',
  ],
  ['6.5', 'SETTINGS with ACK and content', [raw(FRAME.SETTINGS, 1, 0, 6)], 'FRAME_SIZE_ERROR'],
  ['6.5', 'SETTINGS on a stream', [raw(FRAME.SETTINGS, 0, 1, 0)], 'PROTOCOL_ERROR'],
  ['6.5', 'SETTINGS of a wrong length', [raw(FRAME.SETTINGS, 0, 0, 5)], 'FRAME_SIZE_ERROR'],
  ['6.5.2', 'SETTINGS_ENABLE_PUSH of 2', [settings(SETTING.ENABLE_PUSH, 2)], 'PROTOCOL_ERROR'],
  [
    'RFC 8441 §3',
    'SETTINGS_ENABLE_CONNECT_PROTOCOL of 2',
    [settings(SETTING.ENABLE_CONNECT_PROTOCOL, 2)],
    'PROTOCOL_ERROR',
  ],
  [
    'RFC 9218 §2.1',
    'SETTINGS_NO_RFC7540_PRIORITIES of 2',
    [settings(SETTING.NO_RFC7540_PRIORITIES, 2)],
    'PROTOCOL_ERROR',
  ],
  [
    '6.5.2',
    'SETTINGS_INITIAL_WINDOW_SIZE of 2^31',
    [settings(SETTING.INITIAL_WINDOW_SIZE, 2 ** 31)],
    'FLOW_CONTROL_ERROR',
  ],
  [
    '6.5.2',
    'SETTINGS_MAX_FRAME_SIZE of 16383',
    [settings(SETTING.MAX_FRAME_SIZE, 16_383)],
    'PROTOCOL_ERROR',
  ],
  [
    '6.5.2',
    'SETTINGS_MAX_FRAME_SIZE of 2^24',
    [settings(SETTING.MAX_FRAME_SIZE, 2 ** 24)],
    'PROTOCOL_ERROR',
  ],
  [
    '6.6',
    'PUSH_PROMISE',
    [frame(FRAME.PUSH_PROMISE, 4, 1, Buffer.concat([uint32(2), fields]))],
    'PROTOCOL_ERROR',
  ],
  ['6.7', 'PING on a stream', [raw(FRAME.PING, 0, 1, 8)], 'PROTOCOL_ERROR'],
  ['6.7', 'PING of a wrong length', [raw(FRAME.PING, 0, 0, 6)], 'FRAME_SIZE_ERROR'],
  ['6.8', 'GOAWAY on a stream', [raw(FRAME.GOAWAY, 0, 1, 8)], 'PROTOCOL_ERROR'],
  ['6.8', 'GOAWAY too short', [raw(FRAME.GOAWAY, 0, 0, 7)], 'FRAME_SIZE_ERROR'],
  ['6.9', 'WINDOW_UPDATE of 0 for the connection', [windowUpdate(0, 0)], 'PROTOCOL_ERROR'],
  [
    '6.9',
    'WINDOW_UPDATE of a wrong length',
    [raw(FRAME.WINDOW_UPDATE, 0, 0, 3)],
    'FRAME_SIZE_ERROR',
  ],
  [
    '6.9.1',
    'a window of the connection beyond 2^31-1',
    [windowUpdate(0, 0x7fff_ffff), windowUpdate(0, 0x7fff_ffff)],
    'FLOW_CONTROL_ERROR',
  ],
  [
    '6.9.2',
    'a window of a stream beyond 2^31-1 by SETTINGS',
    [open(1), windowUpdate(1, 0x7fff_ffff - 65_535), settings(SETTING.INITIAL_WINDOW_SIZE, 65_536)],
    'FLOW_CONTROL_ERROR',
  ],
  [
    '6.10',
    'CONTINUATION on stream 0',
    [frame(FRAME.HEADERS, 1, 1, fields), raw(FRAME.CONTINUATION, 4, 0, 0)],
    'PROTOCOL_ERROR',
  ],
  [
    '6.10',
    'CONTINUATION after END_HEADERS',
    [headers(1), raw(FRAME.CONTINUATION, 4, 1, 0)],
    'PROTOCOL_ERROR',
  ],
  [
    '6.10',
    'DATA within a header block',
    [frame(FRAME.HEADERS, 0, 1, fields), data(1, 'x')],
    'PROTOCOL_ERROR',
  ],
  [
    '10.5',
    'CONTINUATION without an end (CVE-2024-27316)',
    [
      frame(FRAME.HEADERS, 0, 1, fields),
      ...Array.from({ length: 40 }, () => raw(FRAME.CONTINUATION, 0, 1, 0)),
    ],
    'ENHANCE_YOUR_CALM',
  ],
  [
    '10.5.1',
    'a header block far beyond the limits',
    [
      frame(FRAME.HEADERS, 0, 1, fields),
      ...Array.from({ length: 6 }, () => raw(FRAME.CONTINUATION, 0, 1, 16_384)),
    ],
    'ENHANCE_YOUR_CALM',
  ],
];

/** Header blocks that HPACK cannot read (RFC 7541), each by itself. */
const unreadable: readonly (readonly [section: string, what: string, bytes: readonly number[]])[] =
  [
    ['2.3.3', 'an entry beyond the tables', [0xbe]],
    ['6.1', 'an entry of index 0', [0x80]],
    ['6.2.1', 'a name beyond the tables', [0x7f, 0x20, 1, 0x61]],
    ['4.2', 'a table larger than we keep', [0x3f, 0xe2, 0x1f]],
    ['4.2', 'a size of the table after a field', [0x82, 0x20]],
    ['5.1', 'an integer without an end', [0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
    ['5.2', 'a text longer than its block', [0x00, 0x05, 0x61]],
    ['5.2', 'a text without a length', [0x00]],
    ['5.2', 'a Huffman code of EOS', [0x00, 0x84, 0xff, 0xff, 0xff, 0xff, 1, 0x61]],
    ['5.2', 'padding of zeros after a Huffman code', [0x00, 0x81, 0x18, 1, 0x61]],
  ];
const compressionErrors = unreadable.map(
  ([section, what, bytes]): Case => [
    `4.3, RFC 7541 §${section}`,
    what,
    [frame(FRAME.HEADERS, 5, 1, Buffer.from(bytes))],
    'COMPRESSION_ERROR',
  ],
);

const trailers = (id: number, ...names: string[]): Buffer => headers(id, names);

const streamErrors: readonly Case[] = [
  ['5.1', 'DATA after END_STREAM', [headers(1, get('/wait')), data(1, 'x')], 'STREAM_CLOSED'],
  [
    '5.1',
    'HEADERS after END_STREAM',
    [headers(1, get('/wait')), headers(1, ['a', 'b'])],
    'STREAM_CLOSED',
  ],
  ['6.9', 'WINDOW_UPDATE of 0', [open(1), windowUpdate(1, 0)], 'PROTOCOL_ERROR'],
  [
    '6.9.1',
    'a window of the stream beyond 2^31-1',
    [open(1), windowUpdate(1, 0x7fff_ffff), windowUpdate(1, 0x7fff_ffff)],
    'FLOW_CONTROL_ERROR',
  ],
  [
    '8.1',
    'trailers that do not end the stream',
    [open(1), headers(1, ['a', 'b'], END_HEADERS)],
    'PROTOCOL_ERROR',
  ],
  [
    '8.1',
    'pseudo-header fields in trailers',
    [open(1), trailers(1, ':method', 'GET')],
    'PROTOCOL_ERROR',
  ],
  [
    '8.1.1',
    'less content than content-length',
    [open(1, [...post(), 'content-length', '5']), end(1, 'four')],
    'PROTOCOL_ERROR',
  ],
  [
    '8.1.1',
    'more content than content-length',
    [open(1, [...post(), 'content-length', '3']), end(1, 'four')],
    'PROTOCOL_ERROR',
  ],
  [
    '8.1.1',
    'less content than content-length, before trailers',
    [open(1, [...post(), 'content-length', '5']), data(1, 'four'), trailers(1, 'a', 'b')],
    'PROTOCOL_ERROR',
  ],
  [
    '8.1.1',
    'content-length without content',
    [headers(1, [...post(), 'content-length', '3'])],
    'PROTOCOL_ERROR',
  ],
  ['8.2', 'upper case in a name', [headers(1, [...get(), 'X-Upper', 'a'])], 'PROTOCOL_ERROR'],
  ['8.2.1', 'a space in a name', [headers(1, [...get(), 'x a', 'b'])], 'PROTOCOL_ERROR'],
  ['8.2.1', 'a colon in a name', [headers(1, [...get(), 'x:a', 'b'])], 'PROTOCOL_ERROR'],
  ['8.2.1', 'CR LF in a name', [headers(1, [...get(), 'x\r\na', 'b'])], 'PROTOCOL_ERROR'],
  [
    '8.2.1',
    'a byte beyond ASCII in a name',
    [headers(1, [...get(), 'x\xe9', 'b'])],
    'PROTOCOL_ERROR',
  ],
  ['8.2.1', 'an empty name', [headers(1, [...get(), '', 'b'])], 'PROTOCOL_ERROR'],
  ['8.2.1', 'CR LF in a value', [headers(1, [...get(), 'x', 'a\r\nhost: evil'])], 'PROTOCOL_ERROR'],
  ['8.2.1', 'LF in a value', [headers(1, [...get(), 'x', 'a\nb'])], 'PROTOCOL_ERROR'],
  ['8.2.1', 'NUL in a value', [headers(1, [...get(), 'x', 'a\0b'])], 'PROTOCOL_ERROR'],
  ['8.2.1', 'a space before a value', [headers(1, [...get(), 'x', ' a'])], 'PROTOCOL_ERROR'],
  ['8.2.1', 'a tab after a value', [headers(1, [...get(), 'x', 'a\t'])], 'PROTOCOL_ERROR'],
  ['8.2.1', 'CR LF in a trailer', [open(1), trailers(1, 'x', 'a\r\nb')], 'PROTOCOL_ERROR'],
  ['8.2.2', 'connection', [headers(1, [...get(), 'connection', 'close'])], 'PROTOCOL_ERROR'],
  ['8.2.2', 'keep-alive', [headers(1, [...get(), 'keep-alive', '5'])], 'PROTOCOL_ERROR'],
  [
    '8.2.2',
    'proxy-connection',
    [headers(1, [...get(), 'proxy-connection', 'close'])],
    'PROTOCOL_ERROR',
  ],
  [
    '8.2.2',
    'transfer-encoding',
    [open(1, [...post(), 'transfer-encoding', 'chunked'])],
    'PROTOCOL_ERROR',
  ],
  [
    '8.2.2',
    'transfer-encoding in trailers',
    [open(1), trailers(1, 'transfer-encoding', 'chunked')],
    'PROTOCOL_ERROR',
  ],
  ['8.2.2', 'upgrade', [headers(1, [...get(), 'upgrade', 'websocket'])], 'PROTOCOL_ERROR'],
  ['8.2.2', 'te other than trailers', [headers(1, [...get(), 'te', 'gzip'])], 'PROTOCOL_ERROR'],
  [
    '8.2.2',
    'te with more than trailers',
    [headers(1, [...get(), 'te', 'trailers, gzip'])],
    'PROTOCOL_ERROR',
  ],
  [
    '8.3',
    'an unknown pseudo-header field',
    [headers(1, [...get(), ':test', 'a'])],
    'PROTOCOL_ERROR',
  ],
  [
    '8.3',
    'a pseudo-header field of responses',
    [headers(1, [...get(), ':status', '200'])],
    'PROTOCOL_ERROR',
  ],
  [
    '8.3',
    'a pseudo-header field after another one',
    [headers(1, ['a', 'b', ...get()])],
    'PROTOCOL_ERROR',
  ],
  ['8.3.1', 'an empty :path', [headers(1, get(''))], 'PROTOCOL_ERROR'],
  ...[':method', ':scheme', ':path'].map(
    (name, i): Case => [
      '8.3.1',
      `no ${name}`,
      [headers(1, get().toSpliced(i * 2, 2))],
      'PROTOCOL_ERROR',
    ],
  ),
  ...[':method', ':scheme', ':path', ':authority'].map(
    (name, i): Case => [
      '8.3.1',
      `${name} twice`,
      [headers(1, [...get(), name, get()[i * 2 + 1] as string])],
      'PROTOCOL_ERROR',
    ],
  ),
  [
    '8.3.1',
    'a method that is no token',
    [headers(1, [':method', 'G ET', ...get().slice(2)])],
    'PROTOCOL_ERROR',
  ],
  ['8.3.1', 'CR LF in :path', [headers(1, get('/a HTTP/1.1\r\nx: y'))], 'PROTOCOL_ERROR'],
  ['8.2.1', 'upper case in a trailer', [open(1), trailers(1, 'X-A', 'b')], 'PROTOCOL_ERROR'],
  ['8.2.1', 'CR in a value', [headers(1, [...get(), 'x', 'a\rb'])], 'PROTOCOL_ERROR'],
  ['8.2.1', 'CR LF in :authority', [headers(1, authority('a\r\nx: y'))], 'PROTOCOL_ERROR'],
  [
    '8.2.1',
    'CR LF in :method',
    [headers(1, [':method', 'GET / HTTP/1.1\r\nx: y', ...get().slice(2)])],
    'PROTOCOL_ERROR',
  ],
  [
    '8.2.1',
    'LF in a crumb of cookie',
    [headers(1, [...get(), 'cookie', 'a=1', 'cookie', 'b\nx: y'])],
    'PROTOCOL_ERROR',
  ],
  ['8.2.2', 'connection in trailers', [open(1), trailers(1, 'connection', 'x')], 'PROTOCOL_ERROR'],
  [
    '8.2.2',
    'te in upper case with more',
    [headers(1, [...get(), 'te', 'TRAILERS;q=1'])],
    'PROTOCOL_ERROR',
  ],
  [
    '8.1.1',
    'content-length of 0 and content',
    [open(1, [...post(), 'content-length', '0']), end(1, 'x')],
    'PROTOCOL_ERROR',
  ],
  [
    '8.1.1',
    'content-length of GET without content',
    [headers(1, [...get(), 'content-length', '1'])],
    'PROTOCOL_ERROR',
  ],
  [
    '8.5',
    'CONNECT with a :scheme',
    [open(1, [':method', 'CONNECT', ':scheme', 'http', ':authority', 'a:1'])],
    'PROTOCOL_ERROR',
  ],
  [
    'RFC 8441 §4',
    'extended CONNECT without :path',
    [
      open(1, [
        ':method',
        'CONNECT',
        ':protocol',
        'websocket',
        ':scheme',
        'http',
        ':authority',
        'a',
      ]),
    ],
    'PROTOCOL_ERROR',
  ],
  [
    'RFC 8441 §4',
    'extended CONNECT whose :protocol is no token',
    [open(1, [':method', 'CONNECT', ':protocol', 'a b', ...get().slice(2)])],
    'PROTOCOL_ERROR',
  ],
  [
    'RFC 8441 §4',
    'extended CONNECT with END_STREAM',
    [headers(1, [':method', 'CONNECT', ':protocol', 'websocket', ...get().slice(2)])],
    'PROTOCOL_ERROR',
  ],
  [
    '8.5',
    'CONNECT with a :path',
    [open(1, [':method', 'CONNECT', ...get().slice(2)])],
    'PROTOCOL_ERROR',
  ],
  [
    'RFC 8441 §4',
    ':protocol without CONNECT',
    [headers(1, [':protocol', 'websocket', ...get()])],
    'PROTOCOL_ERROR',
  ],
];

/** What is well formed and refused all the same, as over HTTP/1.1. */
const refused: readonly (readonly [what: string, sent: Buffer, status: string])[] = [
  ['an absolute :path', headers(1, get('http://a/')), '400'],
  [':path without a slash', headers(1, get('a')), '400'],
  [':path * with GET', headers(1, get('*')), '400'],
  ['a fragment in :path', headers(1, get('/a#b')), '400'],
  ['a space in :path', headers(1, get('/a b')), '400'],
  ['a byte beyond ASCII in :path', headers(1, get('/\xe9')), '400'],
  ['an odd :scheme', headers(1, [':method', 'GET', ':scheme', 'ftp', ...get().slice(4)]), '400'],
  ['userinfo in :authority', headers(1, authority('user@a')), '400'],
  ['an empty :authority', headers(1, authority('')), '400'],
  ['a slash in :authority', headers(1, authority('a/b')), '400'],
  ['neither :authority nor host', headers(1, get().slice(0, 6)), '400'],
  ['host other than :authority', headers(1, [...get(), 'host', 'b']), '400'],
  ['host twice', headers(1, [...get(), 'host', 'a', 'host', 'a']), '400'],
  [
    'content-length twice',
    open(1, [...post(), 'content-length', '1', 'content-length', '1']),
    '400',
  ],
  [
    'content-length beyond any number',
    open(1, [...post(), 'content-length', '9'.repeat(20)]),
    '400',
  ],
  ['content-length in hex', open(1, [...post(), 'content-length', '0x5']), '400'],
  ['an empty content-length', open(1, [...post(), 'content-length', '']), '400'],
  ['a port of :authority that is none', headers(1, authority('a:99999')), '400'],
  ['a list in :authority', headers(1, authority('a, b')), '400'],
  ['a space in :authority', headers(1, authority('a b')), '400'],
  ['host other than :authority, by its port', headers(1, [...get(), 'host', 'a:81']), '400'],
  ['an empty host beside :authority', headers(1, [...get(), 'host', '']), '400'],
  ['a tab in :path', headers(1, get('/a\tb')), '400'],
  ['content-length with a sign', open(1, [...post(), 'content-length', '+1']), '400'],
  ['content-length as a list', open(1, [...post(), 'content-length', '1, 1']), '400'],
  ['an unknown expectation', open(1, [...post(), 'expect', 'gold']), '417'],
  ['TRACE with content', open(1, [':method', 'TRACE', ...get().slice(2)]), '400'],
  ['CONNECT', open(1, [':method', 'CONNECT', ':authority', 'a:443']), '501'],
  ['a target beyond maxRequestTargetBytes', headers(1, get(`/${'a'.repeat(8192)}`)), '414'],
  ['a line beyond maxRequestHeaderLineBytes', headers(1, [...get(), 'x', 'a'.repeat(8192)]), '431'],
  [
    'crumbs that make a line beyond it',
    headers(1, [...get(), 'cookie', 'a'.repeat(5000), 'cookie', 'b'.repeat(5000)]),
    '431',
  ],
  [
    'more fields than maxRequestHeaders',
    headers(1, [...get(), ...Array.from({ length: 202 }, (_, i) => (i % 2 === 0 ? 'x' : 'y'))]),
    '431',
  ],
];

describe('errors of the connection', () => {
  test.for([...connectionErrors, ...compressionErrors])('§%s: %s', async ([, , sent, code]) => {
    const peer = await client();
    peer.send(...sent);
    expect(codeName(await peer.goawayCode())).toBe(code);
    await peer.close();
  });

  test('§5.1.1: a stream that is over, once more', async () => {
    const peer = await client();
    peer.send(headers(1));
    await peer.response(1);
    peer.send(headers(1));
    expect(codeName(await peer.goawayCode())).toBe('STREAM_CLOSED');
    await peer.close();
  });

  test('§3.4: no preface', async () => {
    const peer = await client(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    expect(codeName(await peer.goawayCode())).toBe('PROTOCOL_ERROR');
    await peer.close();
  });

  test('§3.4: no SETTINGS after the preface', async () => {
    const peer = await client(Buffer.concat([Buffer.from(connectionPreface), headers(1)]));
    expect(codeName(await peer.goawayCode())).toBe('PROTOCOL_ERROR');
    await peer.close();
  });
});

describe('errors of a stream, after which the connection goes on', () => {
  test.for(streamErrors)('§%s: %s', async ([, , sent, code]) => {
    const rig = await start(
      (exchange) => {
        if (exchange.head.target !== '/wait') echoTarget(exchange);
      },
      { protocols: ['http2'] },
    );
    const peer = await Http2Client.connect((rig.address as { port: number }).port);
    peer.send(...sent);
    expect(codeName(await peer.resetOf(1))).toBe(code);
    peer.send(headers(3, get('/next')));
    expect(await peer.response(3)).toMatchObject({ status: '200', body: '/next' });
    await peer.close();
  });
});

describe('requests that are refused, after which the connection goes on', () => {
  test.for(refused)('%s', async ([, sent, status]) => {
    const peer = await client();
    peer.send(sent);
    const { status: answered, body } = await peer.response(1);
    expect([answered, body]).toEqual([status, expect.stringMatching(`^${status} `)]);
    peer.send(headers(3, get('/next')));
    expect(await peer.response(3)).toMatchObject({ status: '200', body: '/next' });
    await peer.close();
  });
});

describe('the response to a request that is refused', () => {
  test('§8.1, RFC 9110 §9.3.2: has no body where it asks by HEAD', async () => {
    const peer = await client();
    peer.send(headers(1, [':method', 'HEAD', ...get('/a#b').slice(2)]));
    const { status, body, sections } = await peer.response(1);
    expect([status, body]).toEqual(['400', '']);
    expect(sections[0]).toEqual(expect.arrayContaining(['content-length', '16']));
    await peer.close();
  });

  test.for([
    ['the stream', settings(4, 15)],
    ['a stream that takes nothing', settings(4, 0)],
  ] as const)('§6.9: has no body where the window of %s has no room', async ([, sent]) => {
    const peer = await client();
    peer.send(sent, headers(1, get('/a#b')));
    const { status, body, sections } = await peer.response(1);
    expect([status, body]).toEqual(['400', '']);
    expect(sections[0]).toEqual(expect.arrayContaining(['content-length', '0']));
    await peer.close();
  });
});

describe('what is allowed', () => {
  const allowed: readonly (readonly [
    section: string,
    what: string,
    sent: readonly Buffer[],
    body: string,
  ])[] = [
    ['4.1', 'a frame of an unknown type', [raw(0xbb, 0xff, 0, 8), headers(1)], '/'],
    ['4.1', 'unknown flags', [frame(FRAME.PING, 0xfe, 0, Buffer.alloc(8)), headers(1)], '/'],
    [
      '4.3',
      'a header block in parts',
      [
        frame(FRAME.HEADERS, 1, 1, fields.subarray(0, 5)),
        frame(FRAME.CONTINUATION, 0, 1, fields.subarray(5, 9)),
        frame(FRAME.CONTINUATION, 4, 1, fields.subarray(9)),
      ],
      '/',
    ],
    ['5.1', 'PRIORITY on an idle stream', [frame(FRAME.PRIORITY, 0, 5, priority), headers(1)], '/'],
    ['5.1.1', 'streams that are passed over', [headers(1)], '/'],
    [
      '6.1',
      'padding',
      [
        open(1),
        frame(FRAME.DATA, FLAG.PADDED, 1, Buffer.from('\x03abc\0\0\0')),
        frame(FRAME.DATA, FLAG.PADDED | END_STREAM, 1, Buffer.from('\0d')),
      ],
      '/ abcd',
    ],
    [
      '6.2',
      'HEADERS with padding and priority',
      [
        frame(
          FRAME.HEADERS,
          0x2d,
          1,
          Buffer.concat([Buffer.from([2]), uint32(0), Buffer.from([9]), fields, Buffer.alloc(2)]),
        ),
      ],
      '/',
    ],
    ['6.5.2', 'unknown settings', [settings(0xff, 7), headers(1)], '/'],
    ['8.1', 'empty DATA', [open(1), data(1), data(1, 'x'), end(1)], '/ x'],
    ['8.1', 'trailers', [open(1), data(1, 'x'), trailers(1, 'a', 'b')], '/ x'],
    [
      '8.1.1',
      'content-length that holds',
      [open(1, [...post(), 'content-length', '4']), data(1, 'fo'), end(1, 'ur')],
      '/ four',
    ],
    ['8.1.1', 'content-length of 0', [headers(1, [...post(), 'content-length', '0'])], '/'],
    ['8.2.1', 'bytes beyond ASCII in a value', [headers(1, [...get(), 'x', 'caf\xe9'])], '/'],
    ['8.2.2', 'te: trailers', [headers(1, [...get(), 'te', 'trailers'])], '/'],
    ['8.2.3', 'an empty crumb', [headers(1, [...get(), 'cookie', '', 'cookie', 'a=1'])], '/'],
    [
      '8.2.3',
      'a cookie in more crumbs than maxRequestHeaders',
      [headers(1, [...get(), ...Array.from({ length: 150 }, () => ['cookie', 'a=1']).flat()])],
      '/',
    ],
    ['8.3.1', 'host alone', [headers(1, [...get().slice(0, 6), 'host', 'a'])], '/'],
    ['8.3.1', 'host like :authority', [headers(1, [...get(), 'host', 'A:80'])], '/'],
    ['8.3.1', 'OPTIONS *', [headers(1, [':method', 'OPTIONS', ...get('*').slice(2)])], '*'],
  ];

  test.for(allowed)('§%s: %s', async ([, , sent, body]) => {
    for (const whole of [true, false]) {
      const peer = await client();
      const bytes = Buffer.concat(sent);
      if (whole) peer.send(bytes);
      else {
        for (const byte of bytes) {
          peer.send(Buffer.from([byte]));
          await new Promise((resolve) => setImmediate(resolve));
        }
      }
      expect(await peer.response(1)).toMatchObject({ status: '200', body });
      await peer.close();
    }
  });

  test('§5.1: frames on a closed stream that say nothing', async () => {
    const peer = await client();
    peer.send(headers(1));
    await peer.response(1);
    peer.send(
      windowUpdate(1, 5),
      frame(FRAME.PRIORITY, 0, 1, uint32(0, 0).subarray(0, 5)),
      reset(1),
      headers(3),
    );
    expect(await peer.response(3)).toMatchObject({ status: '200', body: '/' });
    await peer.close();
  });

  test('§6.5.3, §6.7: SETTINGS are acknowledged, and PING answered with what it holds', async () => {
    const peer = await client();
    peer.send(frame(FRAME.PING, 0, 0, 'abcdefgh'));
    await peer.until(() => peer.frames.some(({ type }) => type === FRAME.PING), 'a PING');
    const pong = peer.frames.find(({ type }) => type === FRAME.PING);
    expect([pong?.flags, String(pong?.payload)]).toEqual([FLAG.ACK, 'abcdefgh']);
    expect(
      peer.frames.some(({ type, flags }) => type === FRAME.SETTINGS && flags === FLAG.ACK),
    ).toBe(true);
    await peer.close();
  });

  test('§3.4: the preface in parts', async () => {
    const peer = await client(Buffer.alloc(0));
    for (const byte of clientPreface()) {
      peer.send(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    peer.send(headers(1));
    expect(await peer.response(1)).toMatchObject({ status: '200' });
    await peer.close();
  });
});
