import { describe, expect, test } from 'vitest';
import { HeaderSection } from '../../http/header-section.ts';
import { validateRequestHead } from './parsed-head.ts';
import { RequestHead } from './request-head.ts';

const limits = {
  maxRequestTargetBytes: 20,
  maxRequestHeaderLineBytes: 40,
  maxRequestHeaderBytes: 80,
  maxRequestHeaders: 4,
};

function judge(fields: string[], method = 'GET', target = '/', minorVersion: 0 | 1 = 1) {
  const head = new RequestHead(method, target, minorVersion, HeaderSection.parsed(fields), 0);
  return { head, error: validateRequestHead(head, limits) };
}

const host = ['Host', 'a'];

describe('a head that another parser has read', () => {
  test('RFC 9112 §6.2: is completed', () => {
    const { head, error } = judge([...host, 'Content-Length', '5'], 'POST', 'http://a/x?y');
    expect(error).toBeNull();
    expect(head).toMatchObject({
      target: '/x?y',
      authority: 'a',
      framing: 'length',
      contentLength: 5,
      persistent: true,
    });
  });

  const refusals: readonly [name: string, code: string, ...Parameters<typeof judge>][] = [
    [
      'RFC 9112 §6.1: Transfer-Encoding beside Content-Length',
      'RIT_ERR_FRAMING_CONFLICT',
      [...host, 'Transfer-Encoding', 'chunked', 'Content-Length', '5'],
      'POST',
    ],
    [
      'RFC 9112 §6.3: Content-Length twice',
      'RIT_ERR_CONTENT_LENGTH',
      [...host, 'Content-Length', '5', 'content-length', '5'],
      'POST',
    ],
    [
      'RFC 9112 §6.1: Transfer-Encoding on 1.0',
      'RIT_ERR_FRAMING_CONFLICT',
      [...host, 'Transfer-Encoding', 'chunked'],
      'POST',
      '/',
      0,
    ],
    [
      'RFC 9112 §6.1: an unknown coding',
      'RIT_ERR_TRANSFER_CODING',
      [...host, 'Transfer-Encoding', 'gzip, chunked'],
      'POST',
    ],
    ['RFC 9112 §3.2: no Host', 'RIT_ERR_HOST', []],
    ['RFC 9112 §3.2: two Hosts', 'RIT_ERR_HOST', [...host, ...host]],
    ['RFC 9110 §5.1: a name that is no token', 'RIT_ERR_FIELD_SYNTAX', [...host, 'a b', 'c']],
    ['RFC 9110 §5.5: a value with CR', 'RIT_ERR_FIELD_SYNTAX', [...host, 'a', 'b\rc']],
    ['RFC 9110 §5.5: a value with NUL', 'RIT_ERR_FIELD_SYNTAX', [...host, 'a', '\0']],
    ['RFC 9110 §5.5: a value beyond latin1', 'RIT_ERR_FIELD_SYNTAX', [...host, 'a', '€']],
    ['RFC 9112 §3: a method that is no token', 'RIT_ERR_REQUEST_LINE', host, 'GE T'],
    ['RFC 9110 §9.3.6: CONNECT', 'RIT_ERR_METHOD_UNKNOWN', host, 'CONNECT'],
    ['RFC 9112 §3.2: an empty target', 'RIT_ERR_TARGET', host, 'GET', ''],
    ['RFC 9112 §3.2: white space in the target', 'RIT_ERR_TARGET', host, 'GET', '/a b'],
    ['RFC 9112 §3.2: a line end in the target', 'RIT_ERR_TARGET', host, 'GET', '/a\r\nb'],
    ['RFC 9112 §3.2: a byte above 0x7e in the target', 'RIT_ERR_TARGET', host, 'GET', '/é'],
    ['RFC 9112 §3.2: a fragment', 'RIT_ERR_TARGET', host, 'GET', '/#a'],
    ['RFC 9112 §3.2: a target without slash', 'RIT_ERR_TARGET', host, 'GET', 'a'],
  ];
  test.for(refusals)('%s is refused', ([, code, ...given]) => {
    expect(judge(...given).error?.code).toBe(code);
  });

  const bounds: readonly [name: string, at: string[], above: string[], code: string][] = [
    [
      'maxRequestHeaderLineBytes',
      [...host, 'N', 'v'.repeat(37)],
      [...host, 'N', 'v'.repeat(38)],
      'RIT_ERR_HEAD_TOO_LARGE',
    ],
    [
      'maxRequestHeaderBytes',
      [...host, 'N', 'v'.repeat(37), 'M', 'v'.repeat(30)],
      [...host, 'N', 'v'.repeat(37), 'M', 'v'.repeat(31)],
      'RIT_ERR_HEAD_TOO_LARGE',
    ],
    [
      'maxRequestHeaders',
      [...host, 'a', '', 'b', '', 'c', ''],
      [...host, 'a', '', 'b', '', 'c', '', 'd', ''],
      'RIT_ERR_TOO_MANY_FIELDS',
    ],
  ];
  test.for(bounds)('%s binds exactly', ([name, at, above, code]) => {
    expect(judge(at).error).toBeNull();
    const { error } = judge(above);
    expect(error?.code).toBe(code);
    expect(error?.message).toContain(name);
  });

  test('maxRequestTargetBytes binds exactly', () => {
    expect(judge(host, 'GET', `/${'t'.repeat(19)}`).error).toBeNull();
    const { error } = judge(host, 'GET', `/${'t'.repeat(20)}`);
    expect(error?.code).toBe('RIT_ERR_TARGET_TOO_LONG');
    expect(error?.message).toContain('maxRequestTargetBytes (20)');
  });
});
