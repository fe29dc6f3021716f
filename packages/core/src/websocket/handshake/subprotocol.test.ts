import { describe, expect, it } from 'vitest';
import { maxSubprotocols, readChosenSubprotocol, readSubprotocols } from './subprotocol.ts';

describe('offered subprotocols (RFC 6455 §4.1, §11.3.4)', () => {
  it.each([
    [[], []],
    [['chat'], ['chat']],
    [['chat, superchat'], ['chat', 'superchat']],
    [
      ['chat', 'superchat,v2.chat'],
      ['chat', 'superchat', 'v2.chat'],
    ],
    [[' \tchat\t,,'], ['chat']],
    [['chat, Chat'], ['chat', 'Chat']],
    [['chat, chat'], null],
    [['chat', 'chat'], null],
    [[''], null],
    [[','], null],
    [['cha t'], null],
    [['chat; v=1'], null],
    [['"chat"'], null],
    [['ch\u00e4t'], null],
  ])('%j', (values, offered) => expect(readSubprotocols(values)).toEqual(offered));

  it('are 128 at most, in one line or in several', () => {
    const names = Array.from({ length: maxSubprotocols }, (_, nth) => `v${nth}`);
    expect(readSubprotocols([names.join()])).toEqual(names);
    expect(readSubprotocols(names)).toEqual(names);
    expect(readSubprotocols([names.join(), 'chat'])).toBeNull();
  });
});

describe('the chosen subprotocol (RFC 6455 §4.1)', () => {
  const offered = ['chat', 'superchat'];
  it.each([
    [[], null],
    [['chat'], 'chat'],
    [[' superchat '], 'superchat'],
    [['other'], undefined],
    [['Chat'], undefined],
    [['chat, superchat'], undefined],
    [['chat', 'superchat'], undefined],
    [['chat', 'chat'], undefined],
    [[''], undefined],
  ])('%j', (values, chosen) => expect(readChosenSubprotocol(values, offered)).toBe(chosen));

  it('cannot be one where none was offered', () => {
    expect(readChosenSubprotocol(['chat'], [])).toBeUndefined();
    expect(readChosenSubprotocol([], [])).toBeNull();
  });
});
