import type { OptionTable } from '@reverseit/core/options';
import { describe, expect, it } from 'vitest';
import { parseArguments } from '../cli/arguments.ts';
import { foreignHint, foreignWords } from './foreign-words.ts';
import { resolveHandlerOptions } from './handler-options.ts';
import { proxyOptions } from './proxy-options.ts';
import { resolveProxyOptions } from './resolve-proxy-options.ts';

const pathsOf = (table: OptionTable, parent = ''): readonly string[] =>
  Object.entries(table).flatMap(([key, { nested }]) => {
    const path = `${parent}${key}`;
    return nested === null ? [path] : [path, ...pathsOf(nested.rows, `${path}.`)];
  });
const paths = new Set(pathsOf(proxyOptions));

const words = Object.entries(foreignWords);
const backend = 'http://h:1';

describe('every word', () => {
  it.each(words)('%s leads to options that there are', (_, hint) => {
    for (const [, option = ''] of hint.matchAll(/\{([^}]*)\}/g)) expect(paths).toContain(option);
  });

  it.each(words)('%s is no option, and refused with its hint', (word) => {
    expect(paths).not.toContain(word);
    const hint = foreignHint(word) ?? '';
    expect(hint).not.toBe('');
    for (const resolve of [resolveProxyOptions, resolveHandlerOptions]) {
      expect(() => resolve({ backend, [word]: true })).toThrow(
        `invalid option ${word}: unknown option, given true; ${hint}`,
      );
    }
    expect(() => resolveProxyOptions({ routes: [{ backend, [word]: true }] })).toThrow(
      `invalid option routes[0].${word}: unknown option, given true; ${hint}`,
    );
  });
});

it.each([
  ['target', 'http://a', 'unknown option, given "http://a"; use backend'],
  [
    'changeOrigin',
    true,
    'unknown option, given true; the Host of the backend is sent unless preserveHostHeader is true',
  ],
  ['proxy_pass', 'http://a', 'unknown option, given "http://a"; use backend'],
  ['CHANGE-ORIGIN', true, 'unless preserveHostHeader is true'],
  // A slip of the finger in a word of ours is still one.
  ['stripPth', '/a', 'unknown option, given "/a"; did you mean stripPath?'],
])('%s: %j', (word, value, message) => {
  expect(() => resolveProxyOptions({ backend, [word]: value })).toThrow(message);
});

describe('on the command line', () => {
  const faultsOf = (...args: string[]): readonly string[] =>
    parseArguments(args, () => '').faults.map(({ key, message }) => `${key}: ${message}`);

  it.each([
    [['--target', backend], '--target: unknown option; use --backend'],
    [['--upstream=http://a'], '--upstream: unknown option; use --backend'],
    [['--secure', 'false'], '--secure: unknown option; use --verify-tls'],
    [['--no-xfwd'], '--no-xfwd: unknown option; use --forwarded-headers, which is on by default'],
    [['--ssl-certificate', 'c.pem'], '--ssl-certificate: unknown option; use --tls-cert'],
    // Functions have no flags.
    [['--on-proxy-req', 'x'], '--on-proxy-req: unknown option; use onRequest'],
    [['--port', '80'], '--port: unknown option; use --listen'],
  ])('%j', (args, fault) => expect(faultsOf(...args)).toEqual([fault]));
});
