import { expect, it } from 'vitest';
import { filesIn } from './watched-files.ts';

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
  ['nothing of what is no object', null, [], [1, null, 'xFile'], []],
])('%s', (_, config, files, input, all) => {
  expect(filesIn({ config, files }, input)).toEqual(all);
});
