import { describe, expect, test } from 'vitest';
import {
  type ListenTarget,
  pathFault,
  separateFamilies,
  targetFault,
  targetText,
} from './listen-target.ts';

describe('separateFamilies', () => {
  const all6 = { host: '::', port: 80 };
  const all4 = { host: '0.0.0.0', port: 80 };
  const alone = { ...all6, ipv6Only: true };

  test.each<[name: string, given: ListenTarget[], made: ListenTarget[]]>([
    ['both at one port', [all4, all6], [all4, alone]],
    ['in the other order', [all6, all4], [alone, all4]],
    ['IPv6 alone has IPv4 as well', [all6], [all6]],
    ['at two ports', [all6, { ...all4, port: 81 }], [all6, { ...all4, port: 81 }]],
    [
      'of one address the rest would be served by nobody',
      [all6, { host: '127.0.0.1', port: 80 }],
      [all6, { host: '127.0.0.1', port: 80 }],
    ],
    [
      'a free port is another one for each',
      [
        { host: '::', port: 0 },
        { host: '0.0.0.0', port: 0 },
      ],
      [
        { host: '::', port: 0 },
        { host: '0.0.0.0', port: 0 },
      ],
    ],
    [
      'what was said counts',
      [{ ...all6, ipv6Only: false }, all4],
      [{ ...all6, ipv6Only: false }, all4],
    ],
    ['others', [{ path: '/a' }, { fd: 3 }, all4], [{ path: '/a' }, { fd: 3 }, all4]],
  ])('%s', (_, given, made) => expect(separateFamilies(given)).toEqual(made));
});

const room = process.platform === 'linux' ? 107 : 103;

test.each<[target: ListenTarget, isFault: boolean]>([
  [{ path: 'x'.repeat(room) }, false],
  [{ path: 'x'.repeat(room + 1) }, true],
  [{ path: 'é'.repeat(54) }, true],
  [{ port: 1 }, false],
])('targetFault of %j: %s', (target, isFault) => {
  expect(targetFault(target) !== null).toBe(isFault);
});

test.each<[target: ListenTarget, code: string, isFault: boolean]>([
  [{ path: '/no/such/folder/a' }, 'EACCES', true],
  [{ path: '/no/such/folder/a' }, 'EADDRINUSE', false],
  [{ path: '/a' }, 'EACCES', false],
  [{ port: 1 }, 'EACCES', false],
])('pathFault of %j, %s: %s', (target, code, isFault) => {
  const fault = pathFault(target, Object.assign(new Error(), { code }));
  expect(fault !== null).toBe(isFault);
});

test.each<[ListenTarget, string]>([
  [{ port: 1 }, '*:1'],
  [{ host: '::1', port: 1 }, '[::1]:1'],
  [{ path: '/a' }, 'unix:/a'],
  [{ fd: 3 }, 'fd:3'],
])('targetText of %j', (target, text) => expect(targetText(target)).toBe(text));
