import { describe, expect, test } from 'vitest';
import { fieldLines } from '../../http/field-section.ts';
import type { HeaderSection } from '../../http/header-section.ts';
import { MESSAGE_TYPE } from '../llhttp/constants.ts';
import { Llhttp, record } from '../llhttp/instance.ts';
import { buildRequestHead, refusal } from './request-head-builder.ts';

/** Builds a head that llhttp takes, with other bytes around it. */
function build(text: string): ReturnType<typeof buildRequestHead> {
  const bytes = Buffer.from(`#######${text}#######`, 'latin1');
  const machine = new Llhttp(MESSAGE_TYPE.REQUEST);
  machine.execute(bytes, 7, bytes.length);
  expect(record.headComplete, 'llhttp takes it').toBe(true);
  const head = buildRequestHead(bytes, 7, machine.consumed, record.list, record.used);
  machine.free();
  return head;
}

/** The section of a head with these lines. */
function headersOf(lines: string): HeaderSection {
  const head = build(`GET / HTTP/1.1\r\n${lines}\r\n`);
  if (typeof head === 'string') throw new Error(head);
  return head.headers;
}

describe('the request line (RFC 9112 §3)', () => {
  test('method, target, version, fields and size', () => {
    const text = 'PROPFIND /%ff?a%20b HTTP/1.0\r\nA: \xff \r\nc:\r\n\r\n';
    expect(build(text)).toMatchObject({
      method: 'PROPFIND',
      target: '/%ff?a%20b',
      minorVersion: 0,
      fields: ['A', '\xff', 'c', ''],
      byteLength: text.length,
    });
    expect(build('GET / HTTP/1.1\r\n\r\n')).toMatchObject({
      method: 'GET',
      target: '/',
      minorVersion: 1,
      fields: [],
    });
  });

  const refused: readonly [text: string, code: string][] = [
    ['GET  / HTTP/1.1\r\n\r\n', 'RIT_ERR_REQUEST_LINE'],
    ['GET /  HTTP/1.1\r\n\r\n', 'RIT_ERR_REQUEST_LINE'],
    ['GET /  HTTP/1.1\r\nA: b\r\n\r\n', 'RIT_ERR_REQUEST_LINE'],
    ['GET / HTTP/2.0\r\n\r\n', 'RIT_ERR_HTTP_VERSION'],
    ['GET / HTTP/0.9\r\n\r\n', 'RIT_ERR_HTTP_VERSION'],
    ['OPTIONS / RTSP/1.0\r\n\r\n', 'RIT_ERR_REQUEST_LINE'],
    ['SOURCE / ICE/1.0\r\n\r\n', 'RIT_ERR_REQUEST_LINE'],
  ];

  test.for(refused)('%j, which llhttp takes, is %s', ([text, code]) => {
    expect(build(text)).toBe(code);
  });
});

describe('the section is written as it was received where each line is as ours, else as ours', () => {
  const usual = ['', 'A: b\r\n', 'A: b\r\nc: \xff d\te\r\n', 'A: :\r\n'];
  test.for(usual)('%j', (lines) => {
    expect(headersOf(lines).serialize()).toBe(lines);
  });

  const unusual = [
    'A:b\r\n',
    'A:\r\n',
    'A: \r\n',
    'A: \r\nB: c\r\n',
    'A:  b\r\n',
    'A:\tb\r\n',
    'A: b \r\n',
    'A: b\t\r\n',
    'A:  \r\n',
    'A: b\r\nC:d\r\n',
    'A:b\r\nC: d\r\n',
  ];
  test.for(unusual)('%j', (lines) => {
    const headers = headersOf(lines);
    expect(headers.serialize()).toBe(fieldLines(headers.fields));
  });
});

test('refusals of limits name the option and its value', () => {
  const limits = {
    maxRequestTargetBytes: 1,
    maxRequestHeaderLineBytes: 2,
    maxRequestHeaderBytes: 3,
    maxRequestHeaders: 4,
  };
  expect(refusal('RIT_ERR_TARGET_TOO_LONG', limits)).toContain('maxRequestTargetBytes (1)');
  expect(refusal('RIT_ERR_HEAD_TOO_LARGE', limits)).toMatch(
    /maxRequestHeaderLineBytes \(2\).*maxRequestHeaderBytes \(3\)/,
  );
  expect(refusal('RIT_ERR_TOO_MANY_FIELDS', limits)).toContain('maxRequestHeaders (4)');
  expect(refusal('RIT_ERR_TRAILERS_TOO_LARGE', limits)).toContain('maxRequestHeaderBytes 3');
  expect(refusal('RIT_ERR_HOST', limits)).toBe(undefined);
});
