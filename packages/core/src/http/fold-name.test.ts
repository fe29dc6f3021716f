import { describe, expect, it } from 'vitest';
import { foldName, removeDisguised } from './fold-name.ts';

describe('RFC 3875 §4.1.18: foldName', () => {
  it.each([
    ['X-User', 'x-user'],
    ['X_User', 'x-user'],
    ['x_forwarded-FOR', 'x-forwarded-for'],
    ['a', 'a'],
    ['__', '--'],
  ])('%s is %s', (name, folded) => expect(foldName(name)).toBe(folded));
});

describe('RFC 3875 §4.1.18: removeDisguised', () => {
  it.each<[name: string, fields: string[], left: string[]]>([
    ['x-user', ['X-User', '1', 'X_User', '2', 'x_uSER', '3', 'Y', '4'], ['X-User', '1', 'Y', '4']],
    ['X_User', ['X-User', '1', 'x_user', '2'], ['x_user', '2']],
    ['host', ['Host', 'a'], ['Host', 'a']],
    ['x-a', [], []],
  ])('of %s', (name, fields, left) => {
    removeDisguised(fields, name);
    expect(fields).toEqual(left);
  });
});
