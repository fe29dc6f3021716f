import { expect, it } from 'vitest';
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

it('FileWatch: what a reload names from now on', () => {
  const log: string[] = [];
  const callbacks = new Map<string, (file: string) => void>();
  const watch = new FileWatch(
    (file, onChange) => {
      log.push(`+${file}`);
      callbacks.set(file, onChange);
      return () => log.push(`-${file}`);
    },
    ['a'],
  );
  watch.update(['a', 'b']);
  expect(log).toEqual([]);
  const changed: string[] = [];
  const stop = watch.start((file) => changed.push(file));
  watch.update(['b', 'c']);
  expect(log.splice(0)).toEqual(['+a', '+b', '-a', '+c']);
  callbacks.get('c')?.('c');
  expect(changed).toEqual(['c']);
  stop();
  watch.update(['d']);
  expect(log).toEqual(['-b', '-c']);
});
