import { describe, expect, it } from 'vitest';
import { ReverseItError } from '../../errors/reverseit-error.ts';
import type { FieldSection } from '../../http/field-section.ts';
import {
  acceptKey,
  asksForWebSocket,
  backendRequestFields,
  checkBackendResponse,
  checkClientRequest,
  clientResponseFields,
  type HandshakeOffer,
  makeKey,
} from './opening-handshake.ts';

const key = 'dGhlIHNhbXBsZSBub25jZQ==';
const accept = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

/** Fields without those of some names, then more. */
function fieldsOf(base: FieldSection, without: string[], more: string[]): FieldSection {
  const fields: FieldSection = [];
  for (let i = 0; i < base.length; i += 2) {
    const name = base[i] as string;
    if (!without.includes(name.toLowerCase())) fields.push(name, base[i + 1] as string);
  }
  return [...fields, ...more];
}

const requestFields = [
  'Host',
  'example.com',
  'Upgrade',
  'websocket',
  'Connection',
  'Upgrade',
  'Sec-WebSocket-Key',
  key,
  'Sec-WebSocket-Version',
  '13',
];

const code = (value: object): string | null =>
  value instanceof ReverseItError ? value.code : null;

describe('keys (RFC 6455 §1.3)', () => {
  it('are answered as in the example', () => expect(acceptKey(key)).toBe(accept));

  it('are 16 bytes in base64', () => {
    expect(makeKey(Buffer.from('the sample nonce'))).toBe(key);
    expect(makeKey(Buffer.alloc(40).subarray(8, 24))).toBe('AAAAAAAAAAAAAAAAAAAAAA==');
    for (const length of [0, 15, 17]) {
      expect(() => makeKey(new Uint8Array(length))).toThrow(
        expect.objectContaining({ code: 'RIT_ERR_INTERNAL' }),
      );
    }
  });
});

describe("a client's request (RFC 6455 §4.2.1)", () => {
  const check = (without: string[], more: string[], method = 'GET', minorVersion = 1) =>
    checkClientRequest({ method, minorVersion, fields: fieldsOf(requestFields, without, more) });

  it('is read', () => {
    const offer = ['Sec-WebSocket-Protocol', 'chat, v2', 'sec-websocket-extensions', 'foo; a=1'];
    expect(check([], offer)).toEqual({
      key,
      subprotocols: ['chat', 'v2'],
      extensions: [{ name: 'foo', parameters: [{ name: 'a', value: '1' }] }],
    });
    expect(check([], [])).toEqual({ key, subprotocols: [], extensions: [] });
  });

  const accepted: [string, string[], string[]][] = [
    ['Upgrade in any case', ['upgrade'], ['UPGRADE', 'WebSocket']],
    ['Upgrade in a list', ['upgrade'], ['Upgrade', 'h2c, TLS/1.0, websocket']],
    ['Upgrade on a second line', ['upgrade'], ['Upgrade', 'h2c', 'Upgrade', 'websocket']],
    ['Connection in any case', ['connection'], ['connection', 'uPgRaDe']],
    ['Connection in a list', ['connection'], ['Connection', 'keep-alive, Upgrade']],
    [
      'Connection on a second line',
      ['connection'],
      ['Connection', 'keep-alive', 'Connection', 'upgrade'],
    ],
    ['no content', [], ['Content-Length', '0']],
    ['a key in blanks', ['sec-websocket-key'], ['Sec-WebSocket-Key', ` ${key}\t`]],
    [
      'a key of other characters',
      ['sec-websocket-key'],
      ['Sec-WebSocket-Key', 'azAZ09+/azAZ09+/azAZ0A=='],
    ],
  ];
  it.each(accepted)('%s', (_, without, more) => {
    expect(code(check(without, more))).toBeNull();
    const fields = fieldsOf(requestFields, without, more);
    expect(asksForWebSocket({ method: 'GET', minorVersion: 1, fields })).toBe(true);
  });

  const handshake = 'RIT_ERR_WS_HANDSHAKE';
  const version = 'RIT_ERR_WS_VERSION';
  const keyField = 'Sec-WebSocket-Key';
  const versionField = 'Sec-WebSocket-Version';
  const refused: [string, string[], string[], string][] = [
    ['no Upgrade', ['upgrade'], [], handshake],
    ['another Upgrade', ['upgrade'], ['Upgrade', 'h2c'], handshake],
    ['an Upgrade to websocket/13', ['upgrade'], ['Upgrade', 'websocket/13'], handshake],
    ['a malformed Upgrade', ['upgrade'], ['Upgrade', 'web socket'], handshake],
    [
      'an Upgrade that only contains the letters',
      ['upgrade'],
      ['Upgrade', 'websockets'],
      handshake,
    ],
    ['no Connection', ['connection'], [], handshake],
    ['another Connection', ['connection'], ['Connection', 'keep-alive'], handshake],
    ['a malformed Connection', ['connection'], ['Connection', 'upgrade; x'], handshake],
    ['no version', ['sec-websocket-version'], [], version],
    ['version 8', ['sec-websocket-version'], [versionField, '8'], version],
    ['version 013', ['sec-websocket-version'], [versionField, '013'], version],
    ['a list of versions', ['sec-websocket-version'], [versionField, '13, 8'], version],
    [
      'version 8 and no key',
      ['sec-websocket-version', 'sec-websocket-key'],
      [versionField, '8'],
      version,
    ],
    ['two versions', [], [versionField, '13'], handshake],
    ['no key', ['sec-websocket-key'], [], handshake],
    ['two keys', [], [keyField, key], handshake],
    ['an empty key', ['sec-websocket-key'], [keyField, ''], handshake],
    ['a key of 15 bytes', ['sec-websocket-key'], [keyField, 'dGhlIHNhbXBsZSBub25j'], handshake],
    ['a key of 17 bytes', ['sec-websocket-key'], [keyField, 'dGhlIHNhbXBsZSBub25jZSE='], handshake],
    ['a key of 18 bytes', ['sec-websocket-key'], [keyField, 'dGhlIHNhbXBsZSBub25jZSEh'], handshake],
    [
      'a key that is no base64',
      ['sec-websocket-key'],
      [keyField, 'dGhlIHNhbXBsZSBub25j-Q=='],
      handshake,
    ],
    [
      'a key with its padding inside',
      ['sec-websocket-key'],
      [keyField, 'dGhlIHNhbXBsZSBub25j==ZQ'],
      handshake,
    ],
    ['two keys in one', ['sec-websocket-key'], [keyField, `${key}, ${key}`], handshake],
    ['a malformed subprotocol', [], ['Sec-WebSocket-Protocol', 'a b'], handshake],
    ['a repeated subprotocol', [], ['Sec-WebSocket-Protocol', 'a, a'], handshake],
    ['a malformed extension', [], ['Sec-WebSocket-Extensions', 'a;'], handshake],
    ['content', [], ['Content-Length', '1'], handshake],
    ['chunked content', [], ['Transfer-Encoding', 'chunked'], handshake],
  ];
  it.each(refused)('%s is refused', (_, without, more, expected) => {
    expect(code(check(without, more))).toBe(expected);
  });

  it.each(['POST', 'HEAD', 'get', 'CONNECT'])('%s is refused', (method) => {
    expect(code(check([], [], method))).toBe(handshake);
  });

  it('is not recognised in HTTP/1.0 (RFC 9110 §7.8)', () => {
    expect(code(check([], [], 'GET', 0))).toBe(handshake);
    expect(asksForWebSocket({ method: 'GET', minorVersion: 0, fields: requestFields })).toBe(false);
  });

  it('is not recognised without either field', () => {
    for (const name of ['upgrade', 'connection']) {
      const fields = fieldsOf(requestFields, [name], []);
      expect(asksForWebSocket({ method: 'GET', minorVersion: 1, fields })).toBe(false);
    }
  });

  it('carries status and connection fate', () => {
    expect(check(['upgrade'], [])).toMatchObject({ status: 400, connection: 'close' });
    expect(check(['sec-websocket-version'], [])).toMatchObject({ status: 426 });
  });
});

describe('our request to the backend (RFC 6455 §4.1)', () => {
  it('has our own handshake and none of the client', () => {
    const fields = backendRequestFields(
      [
        ...requestFields,
        'Cookie',
        'a=b',
        'sec-websocket-extensions',
        'x',
        'SEC-WEBSOCKET-PROTOCOL',
        'p',
      ],
      { key: 'ours', subprotocols: ['chat', 'v2'], extensions: null },
    );
    expect(fields).toEqual([
      'Host',
      'example.com',
      'Cookie',
      'a=b',
      'Sec-WebSocket-Version',
      '13',
      'Sec-WebSocket-Key',
      'ours',
      'Sec-WebSocket-Protocol',
      'chat, v2',
    ]);
  });

  it('offers what it is given', () => {
    const offer = { key: 'ours', subprotocols: [], extensions: 'permessage-deflate' };
    expect(backendRequestFields(['Host', 'h'], offer)).toEqual([
      'Host',
      'h',
      'Sec-WebSocket-Version',
      '13',
      'Sec-WebSocket-Key',
      'ours',
      'Sec-WebSocket-Extensions',
      'permessage-deflate',
    ]);
  });
});

describe("the backend's 101 (RFC 6455 §4.1)", () => {
  const offer: HandshakeOffer = { key, subprotocols: ['chat', 'v2'], extensions: null };
  const answer = ['Upgrade', 'websocket', 'Connection', 'Upgrade', 'Sec-WebSocket-Accept', accept];
  const check = (without: string[], more: string[], offered: HandshakeOffer = offer) =>
    checkBackendResponse(fieldsOf(answer, without, more), offered);

  it.each([
    ['without subprotocol', [], [], null],
    ['with one', [], ['Sec-WebSocket-Protocol', 'v2'], 'v2'],
    [
      'in other cases',
      ['upgrade', 'connection'],
      ['UPGRADE', 'WebSocket', 'connection', 'close, UPGRADE'],
      null,
    ],
    ['with an empty list of extensions', [], ['Sec-WebSocket-Extensions', ''], null],
  ])('%s', (_, without, more, subprotocol) => {
    expect(check(without, more)).toEqual({ subprotocol, extensions: [] });
  });

  const wrong = 'RIT_ERR_WS_ACCEPT';
  it.each([
    ['no Upgrade', ['upgrade'], [], wrong],
    ['another Upgrade', ['upgrade'], ['Upgrade', 'h2c'], wrong],
    ['more than one Upgrade', ['upgrade'], ['Upgrade', 'websocket, h2c'], wrong],
    ['no Connection', ['connection'], [], wrong],
    ['another Connection', ['connection'], ['Connection', 'close'], wrong],
    ['no accept', ['sec-websocket-accept'], [], wrong],
    ['another accept', ['sec-websocket-accept'], ['Sec-WebSocket-Accept', acceptKey('x')], wrong],
    [
      'accept in another case',
      ['sec-websocket-accept'],
      ['Sec-WebSocket-Accept', accept.toUpperCase()],
      wrong,
    ],
    ['two accepts', [], ['Sec-WebSocket-Accept', accept], wrong],
    [
      'a subprotocol not offered',
      [],
      ['Sec-WebSocket-Protocol', 'other'],
      'RIT_ERR_WS_SUBPROTOCOL',
    ],
    ['two subprotocols', [], ['Sec-WebSocket-Protocol', 'chat, v2'], 'RIT_ERR_WS_SUBPROTOCOL'],
    [
      'a subprotocol twice',
      [],
      ['Sec-WebSocket-Protocol', 'v2', 'Sec-WebSocket-Protocol', 'v2'],
      'RIT_ERR_WS_SUBPROTOCOL',
    ],
    [
      'an extension',
      [],
      ['Sec-WebSocket-Extensions', 'permessage-deflate'],
      'RIT_ERR_WS_EXTENSION',
    ],
    ['a malformed extension', [], ['Sec-WebSocket-Extensions', ';'], 'RIT_ERR_WS_EXTENSION'],
  ])('with %s is refused', (_, without, more, expected) => {
    const checked = check(without, more);
    expect(code(checked)).toBe(expected);
    expect(checked).toMatchObject({ status: 502, blame: 'upstream' });
  });

  it('may choose extensions that were offered, each once', () => {
    const offered = { ...offer, extensions: 'a; x, b' };
    const choose = (value: string) => check([], ['Sec-WebSocket-Extensions', value], offered);
    expect(choose('b; y=1')).toEqual({
      subprotocol: null,
      extensions: [{ name: 'b', parameters: [{ name: 'y', value: '1' }] }],
    });
    expect(code(choose('a, b'))).toBeNull();
    expect(code(choose('a, a'))).toBe('RIT_ERR_WS_EXTENSION');
    expect(code(choose('c'))).toBe('RIT_ERR_WS_EXTENSION');
  });
});

describe('our 101 to the client (RFC 6455 §4.2.2)', () => {
  it('has our own handshake, then what else the backend said', () => {
    const fields = clientResponseFields(
      [
        'Set-Cookie',
        'a=b',
        'Sec-WebSocket-Accept',
        'theirs',
        'Content-Length',
        '0',
        'Set-Cookie',
        'c=d',
        'sec-websocket-extensions',
        'x',
      ],
      { key, subprotocol: 'chat', extensions: 'permessage-deflate' },
    );
    expect(fields).toEqual([
      'Upgrade',
      'websocket',
      'Connection',
      'Upgrade',
      'Sec-WebSocket-Accept',
      accept,
      'Sec-WebSocket-Protocol',
      'chat',
      'Sec-WebSocket-Extensions',
      'permessage-deflate',
      'Set-Cookie',
      'a=b',
      'Set-Cookie',
      'c=d',
    ]);
  });

  it('passes a check of its own', () => {
    const fields = clientResponseFields([], { key, subprotocol: null, extensions: null });
    const checked = checkBackendResponse(fields, { key, subprotocols: [], extensions: null });
    expect(checked).toEqual({ subprotocol: null, extensions: [] });
  });
});
