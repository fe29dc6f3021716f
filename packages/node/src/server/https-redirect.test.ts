import { describe, expect, it } from 'vitest';
import { httpsUrl } from './https-redirect.ts';

describe('httpsUrl', () => {
  it.each<[authority: string, target: string, port: number, url: string]>([
    ['example.org', '/', 443, 'https://example.org/'],
    ['example.org:80', '/a?b=c', 443, 'https://example.org/a?b=c'],
    ['Example.ORG:8080', '/', 8443, 'https://example.org:8443/'],
    ['[2001:db8::1]:80', '/x', 443, 'https://[2001:db8::1]/x'],
    ['[::1]', '/x', 8443, 'https://[::1]:8443/x'],
    ['a', '*', 443, 'https://a'],
    ['a', '//evil.example/x', 443, 'https://a//evil.example/x'],
    ['a', '/\\evil.example', 443, 'https://a/%5Cevil.example'],
    ['a', '/@evil.example', 443, 'https://a/@evil.example'],
    ['a', '/é<">^`{|}', 443, 'https://a/%E9%3C%22%3E%5E%60%7B%7C%7D'],
    ['a', '/%2e%2e/%zz', 443, 'https://a/%2e%2e/%zz'],
  ])('%s %s at %i', (authority, target, port, url) => {
    expect(httpsUrl(authority, target, port)).toBe(url);
    expect(new URL(url).hostname).toBe(new URL(`http://${authority}`).hostname);
  });
});
