import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TargetRewrite } from './target-rewrite.ts';

const separator = fc.constantFrom('/', '/', '/', '//', '\\', '%2f', '%2F', '%5c');
const piece = fc.constantFrom(
  ...[
    'a',
    'b',
    'api',
    'v1',
    '',
    '.',
    '..',
    '..',
    '%2e%2e',
    '.%2E',
    '%2e',
    '..;x',
    '...',
    '%61',
    '%25',
    '%',
  ],
);
const tail = fc
  .array(fc.tuple(separator, piece), { maxLength: 8 })
  .map((all) => all.map(([mark, text]) => mark + text).join(''));
const query = fc.constantFrom('', '?', '?a=/../..', '?%2e%2e/');
const rules = fc.constantFrom(
  { path: '/', stripPath: null, base: '' },
  { path: '/', stripPath: null, base: '/base/deep' },
  { path: '/api', stripPath: null, base: '/base' },
  { path: '/api', stripPath: '/api', base: '/base' },
  { path: '/api', stripPath: '/api', base: '' },
  { path: '/api/v1', stripPath: '/api', base: '/base' },
  { path: '/', stripPath: '/api', base: '/base' },
  { path: '/', stripPath: '/', base: '/base' },
);

/** A target on the route, as the route table would let it through. */
const targets = fc.record({ rules, tail, query, api: fc.boolean() }).map((one) => {
  const { path } = one.rules;
  const start = path === '/' ? (one.api ? '/api' : '') : path;
  const rest = start === path || start === '/api' ? one.tail.replace(/^(?!\/)/, '/') : one.tail;
  return { rules: one.rules, target: `${start}${rest.replace(/^(?!\/)/, '/')}${one.query}` };
});

const within = (path: string, base: string): boolean =>
  base === '' || path === base || path.startsWith(`${base}/`);

/** Backends that decode once, then split, then remove dot segments, each in its way. */
const strictReadings = [/\//, /[/\\]/].flatMap((split) =>
  [true, false].flatMap((merges) =>
    [true, false].map((parameters) => (path: string): string => {
      const raw = parameters ? path.replaceAll(/;[^/]*/g, '') : path;
      const decoded = raw.replaceAll(/%([\dA-Fa-f]{2})/g, (_, hex: string) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      );
      const kept: string[] = [];
      for (const segment of decoded.split(split).slice(1)) {
        if (segment === '..') {
          if (kept.length === 0) return '(above the root)';
          kept.pop();
        } else if (segment !== '.' && !(merges && segment === '')) kept.push(segment);
      }
      return `/${kept.join('/')}`;
    }),
  ),
);

const applied = (
  { path, stripPath, base }: { path: string; stripPath: string | null; base: string },
  target: string,
): string | null => {
  try {
    return new TargetRewrite({ path, stripPath, pathPrefix: base }).apply(target);
  } catch (error) {
    expect(error).toMatchObject({ code: 'RIT_ERR_TARGET' });
    return null;
  }
};

describe('TargetRewrite, any target', () => {
  it('never leaves the prefix of the backend, whoever reads the path', () => {
    fc.assert(
      fc.property(targets, ({ rules, target }) => {
        const out = applied(rules, target);
        if (out === null) return;
        expect(within(new URL(`http://h${out}`).pathname, rules.base)).toBe(true);
        const path = out.split('?')[0] ?? '';
        for (const read of strictReadings) {
          expect(read(path)).not.toBe('(above the root)');
          expect(within(read(path), rules.base)).toBe(true);
        }
      }),
      { numRuns: fc.readConfigureGlobal()?.numRuns ?? 5000 },
    );
  });

  it('changes no byte but the prefixes', () => {
    fc.assert(
      fc.property(targets, ({ rules, target }) => {
        const out = applied(rules, target);
        if (out === null) return;
        expect(out.startsWith(rules.base === '' ? '/' : rules.base)).toBe(true);
        const rest = out.slice(rules.base.length);
        const kept = rest.startsWith('/?') || rest === '/' ? rest.slice(1) : rest;
        expect(target.endsWith(kept)).toBe(true);
        const cut = target.slice(0, target.length - kept.length);
        expect(['', '/', rules.stripPath, `${rules.stripPath}/`]).toContain(cut);
      }),
      { numRuns: fc.readConfigureGlobal()?.numRuns ?? 2000 },
    );
  });

  it('refuses nothing without dots', () => {
    fc.assert(
      fc.property(targets, ({ rules, target }) => {
        fc.pre(!/\.|%2e/i.test(target.split('?')[0] ?? ''));
        expect(applied(rules, target)).not.toBeNull();
      }),
    );
  });
});
