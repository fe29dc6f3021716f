import { expect, test } from 'vitest';
import { AffinityCookie, type AffinityRules } from './affinity-cookie.ts';

const rules: AffinityRules = {
  cookie: 'route',
  maxAge: null,
  path: '/',
  sameSite: 'lax',
  secure: null,
  secret: '',
};
const backend = 'http://10.0.0.1:8080';
const id = new AffinityCookie(rules).idOf(backend);

test('the id names no address, is the same on every replica, and another with a secret', () => {
  expect(id).toMatch(/^[\w-]{22}$/);
  expect(new AffinityCookie({ ...rules, path: '/x' }).idOf(backend)).toBe(id);
  expect(new AffinityCookie({ ...rules, secret: 'a' }).idOf(backend)).not.toBe(id);
  expect(new AffinityCookie(rules).idOf('http://10.0.0.2:8080')).not.toBe(id);
});

test.each([
  [`route=${id}`, id],
  [`a=b; route=${id}; c=d`, id],
  [`a=b;route=${id}`, id],
  [`  route=${id} `, id],
  [`route=${id}; route=${'x'.repeat(22)}`, id],
  [`xroute=${id}`, null],
  [`routex=${id}`, null],
  ['route=', null],
  ['route', null],
  [`route=${id}x`, null],
  ['', null],
  [';;;', null],
])('read from %j', (field, expected) => {
  expect(new AffinityCookie(rules).read(field)).toBe(expected);
});

test.each([
  [{}, false, `route=${id}; Path=/; HttpOnly; SameSite=Lax`],
  [{}, true, `route=${id}; Path=/; HttpOnly; SameSite=Lax; Secure`],
  [{ secure: false }, true, `route=${id}; Path=/; HttpOnly; SameSite=Lax`],
  [
    { maxAge: 60, path: '/app', sameSite: 'none', secure: true },
    false,
    `route=${id}; Path=/app; Max-Age=60; HttpOnly; SameSite=None; Secure`,
  ],
] as const)('written with %j', (more, isEncrypted, expected) => {
  expect(new AffinityCookie({ ...rules, ...more }).serialize(id, isEncrypted)).toBe(expected);
});
