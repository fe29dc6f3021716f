import { describe, expect, test } from 'vitest';
import { HeaderSection } from '../../http/header-section.ts';
import { RequestHead } from './request-head.ts';
import { normalizeTarget } from './request-target.ts';

type Case = readonly [
  method: string,
  target: string,
  authority: string | null,
  outcome: string,
  becomes?: string | null,
];

const cases: readonly Case[] = [
  // origin-form (RFC 9112 §3.2.1)
  ['GET', '/', 'a', '/', 'a'],
  ['GET', '/a/../b?c=%2e#'.slice(0, -1), 'a', '/a/../b?c=%2e', 'a'],
  ['GET', '//evil.example/x', 'a', '//evil.example/x', 'a'],
  ['GET', '/http://b/', 'a', '/http://b/', 'a'],
  ['GET', '/\xff', null, '/\xff', null],
  ['GET', '/a#b', 'a', 'RIT_ERR_TARGET'],
  // asterisk-form (§3.2.4)
  ['OPTIONS', '*', 'a', '*', 'a'],
  ['GET', '*', 'a', 'RIT_ERR_TARGET'],
  ['OPTIONS', '**', 'a', 'RIT_ERR_TARGET'],
  ['OPTIONS', '*?a', 'a', 'RIT_ERR_TARGET'],
  // absolute-form (§3.2.2)
  ['GET', 'http://a/x?y', 'a', '/x?y', 'a'],
  ['GET', 'HTTP://A/', 'a', '/', 'a'],
  ['GET', 'https://a:443/', 'a', '/', 'a'],
  ['GET', 'http://a:80', 'a', '/', 'a'],
  ['GET', 'http://a?x', 'a', '/?x', 'a'],
  ['OPTIONS', 'http://a', 'a', '*', 'a'],
  ['OPTIONS', 'http://a/', 'a', '/', 'a'],
  ['OPTIONS', 'http://a?x', 'a', '/?x', 'a'],
  ['GET', 'http://a//x', 'a', '//x', 'a'],
  ['GET', 'http://b:8080/x', null, '/x', 'b:8080'],
  ['GET', 'http://[::1]:8080/x', '[::1]:8080', '/x', '[::1]:8080'],
  ['GET', 'http://b/', 'a', 'RIT_ERR_HOST_CONFLICT'],
  ['GET', 'https://a/', 'a:80', 'RIT_ERR_HOST_CONFLICT'],
  ['GET', 'http://a/#x', 'a', 'RIT_ERR_TARGET'],
  ['GET', 'http://u@a/', 'a', 'RIT_ERR_TARGET'],
  ['GET', 'http://u:p@a/', 'a', 'RIT_ERR_TARGET'],
  ['GET', 'http:///x', 'a', 'RIT_ERR_TARGET'],
  ['GET', 'http://', 'a', 'RIT_ERR_TARGET'],
  ['GET', 'http://:80/', 'a', 'RIT_ERR_TARGET'],
  ['GET', 'http://a:x/', 'a', 'RIT_ERR_TARGET'],
  ['GET', 'http://a\\b/', 'a', 'RIT_ERR_TARGET'],
  ['GET', 'http:/a/', 'a', 'RIT_ERR_TARGET'],
  ['GET', 'ftp://a/', 'a', 'RIT_ERR_TARGET'],
  ['GET', 'ws://a/', 'a', 'RIT_ERR_TARGET'],
  ['GET', '://a/', 'a', 'RIT_ERR_TARGET'],
  ['GET', 'httpx://a/', 'a', 'RIT_ERR_TARGET'],
  // authority-form (§3.2.3) is for CONNECT, which is refused before
  ['GET', 'a:80', 'a', 'RIT_ERR_TARGET'],
  ['GET', '', 'a', 'RIT_ERR_TARGET'],
  ['GET', 'x', 'a', 'RIT_ERR_TARGET'],
  ['GET', '?x', 'a', 'RIT_ERR_TARGET'],
];

describe('the four forms of a target (RFC 9112 §3.2)', () => {
  test.for(cases)('%s %j, Host %j: %s', ([method, target, authority, outcome, becomes]) => {
    const head = new RequestHead(method, target, 1, HeaderSection.empty(), 0);
    head.authority = authority;
    const code = normalizeTarget(head);
    expect(code ?? head.target).toBe(outcome);
    if (code === null) expect(head.authority).toBe(becomes);
  });
});
