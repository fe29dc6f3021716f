import { existsSync, globSync, readFileSync } from 'node:fs';
import { metricFamilies } from '@reverseit/admin';
import { catalog } from '@reverseit/core/errors';
import { describe, expect, it } from 'vitest';
import { certificateOptions } from '../packages/core/src/options/option-certificates-kind.ts';
import { serverOptions } from '../packages/core/src/server/listener/server-options.ts';
import { flags } from '../packages/node/src/cli/flags.ts';
import {
  listenerOptions,
  ownListenerOptions,
} from '../packages/node/src/options/listeners/listener-options.ts';
import { proxyOptions } from '../packages/node/src/options/proxy-options.ts';
import { routeOptions } from '../packages/node/src/options/route-options.ts';
import { backendOptions } from '../packages/upstream/src/backends/options/backend-list.ts';
import { expectedDocuments, rowsOf, tableFiles } from './lib/docs.mjs';

const tables = {
  proxy: proxyOptions,
  backend: backendOptions,
  route: routeOptions,
  server: serverOptions,
  listener: listenerOptions,
  ownListener: ownListenerOptions,
  certificate: certificateOptions,
  flags,
  catalog,
  families: metricFamilies,
};
const fileOf = (path: string): URL => new URL(`../${path}`, import.meta.url);
const read = (path: string): string =>
  existsSync(fileOf(path)) ? readFileSync(fileOf(path), 'utf8') : '';

describe('what is made of the tables is up to date (node scripts/generate-docs.mjs)', () => {
  it.each([...expectedDocuments(tables, read)])('%s', (path, text) => {
    expect(read(path)).toBe(text);
  });
});

describe('every option', () => {
  it.each(rowsOf(tables).map((row) => [row.path.join('.'), row] as const))(
    '%s is in the manual and above its row',
    (path, { option, flag }) => {
      const row = read('docs/options.md')
        .split('\n')
        .find((text) => text.startsWith(`| \`${path}\` |`));
      expect(row).toContain(option.prose.replaceAll('|', '\\|'));
      if (flag !== undefined) expect(read('docs/options.md')).toContain(`\`--${flag}\``);
      const commented = tableFiles.some((file) => {
        const lines = read(file).split('\n');
        const at = lines.findIndex(
          (text) => /^ +\/\*\*| +\* /.test(text) && text.includes(option.prose),
        );
        const end = lines.findIndex((text, index) => index >= at && text.endsWith('*/'));
        return at !== -1 && lines[end + 1]?.trim().startsWith(`${path.split('.').at(-1)}: `);
      });
      expect(commented).toBe(true);
    },
  );
});

describe('every error code', () => {
  it.each(Object.keys(catalog))('%s is in the manual', (code) => {
    expect(read('docs/errors.md')).toContain(`| \`${code}\` |`);
  });

  const sources = globSync('packages/*/src/**/*.ts', { cwd: fileOf('') })
    .filter((path) => !path.endsWith('.test.ts') && !path.endsWith('/catalog.ts'))
    .map(read)
    .join('');

  it.each(Object.keys(catalog))('%s is made somewhere', (code) => {
    expect(sources).toContain(`'${code}'`);
  });
});
