import { turn } from '@reverseit/test-servers';
import { describe, expect, it } from 'vitest';
import { FileWatch, filesIn } from './watched-files.ts';

it.each<[string, string | null, string[], unknown, string[]]>([
  ['the configuration file', 'c.json', [], {}, ['c.json']],
  ['files of flags', null, ['k.pem', 'c.pem'], {}, ['k.pem', 'c.pem']],
  [
    'files that options name, in groups and routes, once each',
    'c.json',
    [],
    {
      tls: { keyFile: 'k.pem', certFile: ['a.pem', 'b.pem'], key: 'no file' },
      routes: [
        { path: '/', pool: { tls: { caFile: 'a.pem' } } },
        { pool: { tls: { caFile: 'd.pem' } } },
      ],
    },
    ['c.json', 'k.pem', 'a.pem', 'b.pem', 'd.pem'],
  ],
  [
    'certificates by name, of the server and of listeners',
    null,
    [],
    {
      tls: { certificates: [{ names: ['a'], keyFile: 'k.pem', certFile: ['a.pem'] }] },
      listen: [0, { port: 1, tls: { certificates: [{ keyFile: 'l.pem' }] } }],
    },
    ['k.pem', 'a.pem', 'l.pem'],
  ],
  ['not what the command writes', 'c.json', [], { readyFile: 'ready' }, ['c.json']],
  ['nothing of what is no object', null, [], [1, null, 'xFile'], []],
])('%s', (_, config, files, input, all) => {
  expect(filesIn({ config, files }, input)).toEqual(all);
});

/** A file system of stamps, and a timer that a test drives. */
function bind() {
  const stamps: Record<string, string> = { key: '1', cert: '1' };
  let callback = (): void => undefined;
  const reported: string[] = [];
  const watch = new FileWatch({
    stampOf: async (file) => stamps[file] ?? 'missing',
    every(_ms, tick) {
      callback = tick;
      return () => {
        callback = () => undefined;
      };
    },
  });
  const look = async (): Promise<string[]> => {
    callback();
    await turn();
    return reported.splice(0);
  };
  const looks = async () => [await look(), await look(), await look()];
  return { stamps, watch, look, looks, onChange: (files: string) => reported.push(files) };
}

describe('FileWatch', () => {
  it('reports files that are written one after another once, and when no other one follows', async () => {
    const { stamps, watch, look, onChange } = bind();
    await watch.update(['key', 'cert']);
    watch.start(onChange);
    expect(await look()).toEqual([]);
    stamps.key = '2';
    expect(await look()).toEqual([]);
    expect(await look()).toEqual([]);
    stamps.cert = '2';
    expect(await look()).toEqual([]);
    expect(await look()).toEqual([]);
    expect(await look()).toEqual(['key, cert']);
    expect(await look()).toEqual([]);
  });

  it('waits for so long at most', async () => {
    const { stamps, watch, look, onChange } = bind();
    await watch.update(['key']);
    watch.start(onChange);
    const reported: string[][] = [];
    for (let nth = 2; nth < 11; nth++) {
      stamps.key = String(nth);
      reported.push(await look());
    }
    expect(reported).toEqual([[], [], [], [], [], [], [], ['key'], []]);
  });

  it('a file that goes and comes back; one that a reload names; none once it has stopped', async () => {
    const { stamps, watch, looks, onChange } = bind();
    await watch.update(['key']);
    const stop = watch.start(onChange);
    delete stamps.key;
    await watch.update(['key', 'cert']);
    expect(await looks()).toEqual([[], [], ['key']]);
    stamps.key = '1';
    stamps.cert = '2';
    expect(await looks()).toEqual([[], [], ['key, cert']]);
    await watch.update(['key']);
    stamps.cert = '3';
    expect(await looks()).toEqual([[], [], []]);
    stop();
    stamps.key = '4';
    expect(await looks()).toEqual([[], [], []]);
  });
});
