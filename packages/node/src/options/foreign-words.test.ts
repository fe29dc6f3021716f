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
  ['target', 'http://a', 'unknown option, given "http://a"; here it is backend'],
  [
    'changeOrigin',
    true,
    'unknown option, given true; Host is that of the backend here, unless preserveHostHeader is true',
  ],
  ['proxy_pass', 'http://a', 'unknown option, given "http://a"; here it is backend'],
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
    [['--target', backend], '--target: unknown option; here it is --backend'],
    [['--upstream=http://a'], '--upstream: unknown option; here it is --backend'],
    [['--secure', 'false'], '--secure: unknown option; here it is --verify-tls'],
    [
      ['--no-xfwd'],
      '--no-xfwd: unknown option; here it is --forwarded-headers, which is on from the start',
    ],
    [['--ssl-certificate', 'c.pem'], '--ssl-certificate: unknown option; here it is --tls-cert'],
    // Functions have no flags.
    [['--on-proxy-req', 'x'], '--on-proxy-req: unknown option; here it is onRequest'],
    [['--port', '80'], '--port: unknown option; here it is --listen'],
  ])('%j', (args, fault) => expect(faultsOf(...args)).toEqual([fault]));
});
