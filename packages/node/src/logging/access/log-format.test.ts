import { HeaderSection } from '@reverseit/core/http';
import { describe, expect, it } from 'vitest';
import { HeaderView } from '../../hooks/header-list.ts';
import type { AccessRecord, RequestInfo } from '../../hooks/hooks.ts';
import { compileLogFormat, type LogFormat } from './log-format.ts';

const headers = (...fields: string[]): HeaderView => new HeaderView(HeaderSection.parsed(fields));

const record = (parts: Partial<AccessRecord> = {}): AccessRecord => ({
  requestId: null,
  traceId: null,
  method: 'GET',
  target: '/a?b=c',
  authority: 'example.org',
  httpVersion: '1.1',
  remoteAddress: '192.0.2.1',
  peerAddress: '192.0.2.9',
  scheme: 'https',
  route: '/a',
  backend: 'http://127.0.0.1:8080',
  attempts: 1,
  failedAttempts: [],
  requestHeaders: headers('User-Agent', 'curl/8', 'Referer', 'http://r/', 'Cookie', 'secret=1'),
  responseHeaders: headers('ETag', 'W/"x"', 'Vary', 'a', 'vary', 'b'),
  status: 200,
  bytesReceived: 3,
  bytesSent: 5,
  startedAt: Date.UTC(2026, 10, 30, 11, 0, 0, 500),
  durations: { total: 1234.5678, request: 0.25, backend: 1000, response: 234 },
  errorCode: null,
  error: null,
  ...parts,
});

const context: RequestInfo = {
  requestId: null,
  traceId: null,
  route: '/a',
  remoteAddress: '192.0.2.1',
  peerAddress: '192.0.2.9',
  scheme: 'https',
  authority: 'example.org',
  remotePort: 5555,
  encrypted: true,
  proxyHeader: null,
  nodeRequest: null,
  data: undefined,
  signal: new AbortController().signal,
};

function compiled(text: string): LogFormat {
  const format = compileLogFormat(text);
  if (typeof format !== 'function') throw new Error(format.fault);
  return format;
}

describe('combined', () => {
  const line = compiled('combined');
  const time = String.raw`\[\d\d/\w{3}/2026:\d\d:\d\d:\d\d [+-]\d{4}\]`;

  it('is what nginx and Apache write', () => {
    expect(line(record(), context)).toMatch(
      new RegExp(
        String.raw`^192\.0\.2\.1 - - ${time} "GET /a\?b=c HTTP/1\.1" 200 5 "http://r/" "curl/8"$`,
      ),
    );
  });

  it('has the time of the end, with the offset of the place', () => {
    const [, day, clock, sign, hours, minutes] =
      /\[(\d\d\/Nov\/2026):([\d:]{8}) ([+-])(\d\d)(\d\d)\]/.exec(line(record(), context)) ?? [];
    const at = Date.parse(
      `${day?.replace('/Nov/', ' Nov ')} ${clock} GMT${sign}${hours}${minutes}`,
    );
    expect(new Date(at).toISOString()).toBe('2026-11-30T11:00:01.000Z');
  });

  it.each<[Partial<AccessRecord>, string]>([
    [{ requestHeaders: headers() }, '200 5 "-" "-"'],
    [{ status: 0, bytesSent: 0 }, ' 000 0 '],
    [{ remoteAddress: '' }, 'unix: - - '],
    [{ target: '/\u00ff"' }, String.raw`"GET /\xFF\x22 HTTP/1.1"`],
    [
      { requestHeaders: headers('user-agent', 'a" 200 "\u001b[2J\u009b') },
      String.raw`"a\x22 200 \x22\x1B[2J\x9B"`,
    ],
  ])('%#', (parts, part) => {
    expect(line(record(parts), context)).toContain(part);
  });

  it('names no user', () => {
    const requestHeaders = headers('authorization', `Basic ${btoa('user:password')}`);
    expect(line(record({ requestHeaders }), context)).not.toMatch(/user|password/);
  });
});

describe('json', () => {
  const parsed = (parts: Partial<AccessRecord> = {}): unknown =>
    JSON.parse(compiled('json')(record(parts), context));

  it('has every figure, and no credentials', () => {
    expect(parsed()).toEqual({
      time: '2026-11-30T11:00:01.734Z',
      requestId: null,
      traceId: null,
      remoteAddress: '192.0.2.1',
      remotePort: 5555,
      scheme: 'https',
      method: 'GET',
      target: '/a?b=c',
      authority: 'example.org',
      httpVersion: '1.1',
      status: 200,
      bytesReceived: 3,
      bytesSent: 5,
      durationMs: 1234.568,
      backendMs: 1000,
      route: '/a',
      backend: 'http://127.0.0.1:8080',
      attempts: 1,
      referer: 'http://r/',
      userAgent: 'curl/8',
      errorCode: null,
    });
  });

  it('says null where there is nothing, and keeps what is hostile in its string', () => {
    expect(
      parsed({
        route: null,
        backend: null,
        requestId: 'id-1',
        errorCode: 'RIT_ERR_NO_ROUTE',
        durations: { total: 1, request: null, backend: null, response: null },
        requestHeaders: headers('user-agent', '","status":999,"x":"\u0007'),
      }),
    ).toMatchObject({
      route: null,
      backend: null,
      backendMs: null,
      requestId: 'id-1',
      errorCode: 'RIT_ERR_NO_ROUTE',
      status: 200,
      userAgent: '","status":999,"x":"\u0007',
    });
  });
});

describe('a template', () => {
  it.each<[template: string, line: string, parts?: Partial<AccessRecord>]>([
    ['$status', '200'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the form of nginx
    ['${status}ms $$status', '200ms $status'],
    ['$request_method $uri $request_uri $server_protocol', 'GET /a /a?b=c HTTP/1.1'],
    ['$scheme://$host $remote_addr:$remote_port', 'https://example.org 192.0.2.1:5555'],
    ['$request_time $upstream_header_time $upstream_response_time', '1.235 1.000 1.234'],
    ['$msec $time_iso8601', '1796036401.735 2026-11-30T11:00:01.734Z'],
    ['"$http_user_agent" $http_x_none', '"curl/8" -'],
    ['$sent_http_etag $sent_http_vary', String.raw`W/\x22x\x22 a, b`],
    ['$http_cookie', 'secret=1'],
    ['$request_id $error_code', '- -'],
    [
      '$backend $upstream_addr $route $attempts',
      'http://127.0.0.1:8080 http://127.0.0.1:8080 /a 1',
    ],
    ['$body_bytes_sent $bytes_received', '5 3'],
    [
      '$remote_user',
      'al',
      { requestHeaders: headers('Authorization', `Basic ${btoa('al:secret')}`) },
    ],
    ['$remote_user', '-', { requestHeaders: headers('Authorization', 'Bearer secret') }],
    ['$remote_user', '-', { requestHeaders: headers('Authorization', 'Basic ====') }],
    [
      '{"ua":"$http_user_agent"}',
      '{"ua":"a\\"b"}',
      { requestHeaders: headers('user-agent', 'a"b') },
    ],
  ])('%s', (template, line, parts) => {
    expect(compiled(template)(record(parts), context)).toBe(line);
  });

  it.each([
    ['$stauts', 'has an unknown variable $stauts; did you mean $status?'],
    ['a\nb', 'has a control character'],
    ['Combined', expect.stringMatching(/^has no variable; expected "combined", "json"/)],
    ['$$', expect.stringContaining('has no variable')],
    [
      '$status $ x',
      expect.stringMatching(/^has a \$ that begins no variable: \$ x; expected \$name/),
    ],
    ['${status x', expect.stringContaining('begins no variable')],
    ['$', expect.stringContaining('begins no variable')],
  ])('%j is refused', (template, fault) => {
    expect(compileLogFormat(template)).toEqual({ fault });
  });
});
