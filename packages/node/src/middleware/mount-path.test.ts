import { expect, it } from 'vitest';
import { mountPathOf } from './mount-path.ts';

it.each<[name: string, request: Parameters<typeof mountPathOf>[0], path: string]>([
  ['node:http', { url: '/x/y' }, ''],
  ['Express, not mounted', { url: '/x/y', originalUrl: '/x/y', baseUrl: '' }, ''],
  ['Express', { url: '/y?a', originalUrl: '/x/y?a', baseUrl: '/x' }, '/x'],
  ['Express, of the mount path itself', { url: '/', originalUrl: '/x', baseUrl: '/x' }, '/x'],
  ['Express, with a query', { url: '/?a', originalUrl: '/x?a', baseUrl: '/x' }, '/x'],
  ['Express, one rewritten', { url: '/other', originalUrl: '/x/y', baseUrl: '' }, ''],
  ['Express, a base of somebody else’s', { url: '/y', originalUrl: '/x/y', baseUrl: '/z' }, ''],
  ['Connect', { url: '/y?a', originalUrl: '/x/y?a' }, '/x'],
  ['Connect, of the mount path itself', { url: '/', originalUrl: '/x' }, '/x'],
  ['Connect, with a query', { url: '/?a', originalUrl: '/x?a' }, '/x'],
  ['Connect, one rewritten', { url: '/other', originalUrl: '/x/y' }, ''],
  ['no path', { url: '/y', originalUrl: 'x/y' }, ''],
  ['bytes beyond ASCII', { url: '/y', originalUrl: '/\xe9/y', baseUrl: '/\xe9' }, ''],
  ['what is no text', { url: '/y', originalUrl: 1, baseUrl: {} }, ''],
])('%s', (_, request, path) => expect(mountPathOf(request)).toBe(path));
