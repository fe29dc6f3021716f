import { describe, expect, it } from 'vitest';
import { brokenLinks } from './check-links.mjs';

const files: Readonly<Record<string, string | null>> = {
  docs: null,
  'docs/a.md': '# One\n\n## `code` and [a link](b.md), too\n\n# One\n\n```\n# no heading\n```\n',
  'src/x.ts': '',
};
const faults = (text: string, file = 'docs/b.md'): string[] =>
  brokenLinks(file, text, (path) => files[path]);

describe('links that lead somewhere', () => {
  it.each([
    '[a](a.md)',
    '[a](a.md#one)',
    '[a](a.md#one-1)',
    '[a](a.md#code-and-a-link-too)',
    '# Here\n[a](#here)',
    '[folder](../docs)',
    '[source](../src/x.ts) and [again](../src/x.ts "with a title")',
    '[elsewhere](https://example.org/#any)',
    '`[code](nowhere.md)`',
    '```\n[code](nowhere.md)\n```',
    '[ref]: a.md',
  ])('%s', (text) => {
    expect(faults(text)).toEqual([]);
  });
});

describe('links that do not', () => {
  it.each([
    ['[a](nowhere.md)', 'docs/b.md:1: nowhere.md is not there'],
    ['\n[a](a.md#two)', 'docs/b.md:2: a.md#two has no such heading'],
    ['[a](a.md#no-heading)', 'docs/b.md:1: a.md#no-heading has no such heading'],
    ['[a](#here)', 'docs/b.md:1: #here has no such heading'],
    ['[a](../docs#one)', 'docs/b.md:1: ../docs#one has no such heading'],
    ['[a](../../x.md)', 'docs/b.md:1: ../../x.md leads out of the repository'],
    ['[a](/etc/hosts)', 'docs/b.md:1: /etc/hosts is no relative path'],
    ['[a](http://example.org)', 'docs/b.md:1: http://example.org is not https'],
    ['[ref]: nowhere.md', 'docs/b.md:1: nowhere.md is not there'],
  ])('%s', (text, fault) => {
    expect(faults(text)).toEqual([fault]);
  });
});

describe('the README of a package', () => {
  const readme = 'packages/core/README.md';
  it('links its own headings and what is elsewhere', () => {
    expect(faults('# Here\n[a](#here) [b](https://example.org)', readme)).toEqual([]);
  });
  it('links no other file, which its page in a registry does not have', () => {
    expect(faults('[a](../../docs/a.md)', readme)).toEqual([
      `${readme}:1: ../../docs/a.md leads nowhere on the page of the package`,
    ]);
  });
});
