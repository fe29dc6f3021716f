/** Cookies of a backend behind a prefix, or a TLS terminator (RFC 6265bis §5.6): `rewriteCookies`. */
import { answerEach, response } from '@reverseit/test-servers';
import { describe, expect, it } from 'vitest';
import type { ReverseItOptions } from '../src/index.ts';
import { request, useProxy } from './harness.ts';
import { handshake } from './hook-cases.ts';

const start = useProxy();

const cookies = [
  'Set-Cookie: a=1; Path=/; Domain=backend.internal; HttpOnly',
  'X-Between: 1',
  'set-cookie: b="x,y"; path=/admin; Expires=Wed, 21 Oct 2026 07:28:00 GMT',
  'Set-Cookie: __Host-c=3; Path=/; Secure',
  'Set-Cookie: d=\xe9',
];
const stripped: ReverseItOptions = { path: '/app', stripPath: '/app' };

async function cookiesOf(
  options: ReverseItOptions,
  asked = request('GET /app/x'),
): Promise<string[]> {
  const bench = await start({
    options,
    origin: { script: answerEach(() => response(200, 'ok', cookies)) },
  });
  const answer = await (await bench.connect()).request(asked);
  return answer.fields.filter(([name]) => /^set-cookie$/i.test(name)).map(([, value]) => value);
}

const noop = (): void => {};

describe.each<[string, ReverseItOptions]>([
  ['in written lines, where the transport has them', {}],
  ['as fields', { onResponse: noop }],
])('%s', (_name, more) => {
  it('by default nothing changes', async () => {
    expect(await cookiesOf({ ...stripped, ...more })).toEqual(
      cookies.flatMap((line) => (/^set-cookie/i.test(line) ? [line.slice(12)] : [])),
    );
  });

  it('path, domain and secure', async () => {
    const rewriteCookies = { path: true, domain: 'example.org', secure: true } as const;
    const options = { ...stripped, ...more, rewriteCookies, trustedProxies: 'loopback' };
    expect(await cookiesOf(options, request('GET /app/x', ['X-Forwarded-Proto: https']))).toEqual([
      'a=1; Path=/app; Domain=example.org; HttpOnly; Secure',
      'b="x,y"; path=/app/admin; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Secure',
      '__Host-c=3; Path=/; Secure',
      'd=\xe9; Secure',
    ]);
    // Not over plain HTTP: the browser would drop it.
    expect(await cookiesOf(options)).toContain('d=\xe9');
  });

  it('a prefix that a trusted proxy took off counts', async () => {
    const options = {
      ...stripped,
      ...more,
      rewriteCookies: { path: true },
      trustedProxies: 'loopback',
    } as const;
    const [first] = await cookiesOf(options, request('GET /app/x', ['X-Forwarded-Prefix: /outer']));
    expect(first).toBe('a=1; Path=/outer/app; Domain=backend.internal; HttpOnly');
  });
});

it('RFC 6455 §4.2.2: of a handshake that is refused as well', async () => {
  const [first] = await cookiesOf(
    { rewriteCookies: { sameSite: 'lax', domain: false } },
    handshake,
  );
  expect(first).toBe('a=1; Path=/; HttpOnly; SameSite=Lax');
});
