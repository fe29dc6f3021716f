import { describe, expect, it } from 'vitest';
import { loadConfiguration } from './configuration.ts';

describe('loadConfiguration', () => {
  it.each<[name: string, file: unknown, options: Readonly<Record<string, unknown>>, all: unknown]>([
    ['flags outrank the file', { a: 1, b: 2 }, { b: 3 }, { a: 1, b: 3 }],
    ['key by key', { pool: { a: 1, b: 2 } }, { pool: { b: 3 } }, { pool: { a: 1, b: 3 } }],
    [
      'a key outranks the file that it would be read from',
      { tls: { keyFile: 'k.pem', certFile: 'c.pem' } },
      { tls: { key: 'k' } },
      { tls: { key: 'k', certFile: 'c.pem' } },
    ],
    ['what is no object is for others to judge', [1], { a: 1 }, [1]],
  ])('%s', async (_, file, options, all) => {
    expect(await loadConfiguration({ config: 'f', options }, async () => file)).toEqual(all);
  });

  it('is of the flags alone where there is no file', async () => {
    const options = { a: 1 };
    const load = () => Promise.reject(new Error('asked for'));
    expect(await loadConfiguration({ config: null, options }, load)).toBe(options);
  });

  it.each<[name: string, options: Readonly<Record<string, unknown>>, listen: unknown]>([
    ['one for each', {}, ['fd:3', 'fd:4']],
    ['not if it is said where', { listen: 'fd:4' }, 'fd:4'],
    ['not that of the admin listener', { admin: { listen: 'fd:4' } }, ['fd:3']],
    ['in another form', { admin: { listen: { fd: 3 } } }, ['fd:4']],
    ['the admin listener is elsewhere', { admin: {} }, ['fd:3', 'fd:4']],
  ])('listens on the sockets that the process was started with: %s', async (_, options, listen) => {
    const none = () => Promise.reject(new Error('asked for'));
    const flags = { config: null, options, sockets: [3, 4] };
    expect(await loadConfiguration(flags, none)).toEqual({ ...options, listen });
    const file = { config: 'f', options: {}, sockets: [3, 4] };
    expect(await loadConfiguration(file, async () => options)).toEqual({ ...options, listen });
  });
});
