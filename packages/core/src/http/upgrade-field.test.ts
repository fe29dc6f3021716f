import { describe, expect, it } from 'vitest';
import { isProtocol, readUpgrade } from './upgrade-field.ts';

describe('RFC 9110 §7.8: readUpgrade', () => {
  it.each<[values: readonly string[], protocols: readonly string[] | null]>([
    [['websocket'], ['websocket']],
    [['SPDY/3.1'], ['SPDY/3.1']],
    [['HTTP/2.0, SHTTP/1.3 , IRC/6.9'], ['HTTP/2.0', 'SHTTP/1.3', 'IRC/6.9']],
    [
      ['a', 'b/1'],
      ['a', 'b/1'],
    ],
    [[' ,, a\t,'], ['a']],
    [[''], []],
    [[], []],
    [['a b'], null],
    [['a/'], null],
    [['/1'], null],
    [['a/1/2'], null],
    [['a', 'é'], null],
    [['"a"'], null],
  ])('%j is %j', (values, protocols) => {
    expect(readUpgrade(values.flatMap((value) => ['Upgrade', value]))).toEqual(protocols);
  });
});

describe('RFC 9110 §7.8: isProtocol', () => {
  it.each([
    ['tcp', true],
    ['SPDY/3.1', true],
    ['', false],
    ['a,b', false],
    ['a/', false],
    ['a\r\nb', false],
  ])('%j: %s', (text, answer) => expect(isProtocol(text)).toBe(answer));
});
