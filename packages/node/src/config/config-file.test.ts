// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are what is read
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfigFile } from './config-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'reverseit-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

describe('loadConfigFile', () => {
  it.each([
    ['a.json', '{"backend": "http://h", "routes": [{"path": "/a"}]}'],
    ['mark.json', '\uFEFF{"backend": "http://h", "routes": [{"path": "/a"}]}'],
    ['a.mjs', 'export default { backend: "http://h", routes: [{ path: "/a" }] };'],
    ['a.cjs', 'module.exports = { backend: "http://h", routes: [{ path: "/a" }] };'],
  ])('reads %s', async (name, content) => {
    expect(await loadConfigFile(file(name, content))).toEqual({
      backend: 'http://h',
      routes: [{ path: '/a' }],
    });
  });

  it.each([
    ['broken.json', '{"backend": }', /^cannot load .*broken\.json: /],
    ['broken.mjs', 'export default {', /^cannot load .*broken\.mjs: /],
    ['throws.mjs', 'throw new Error("no luck");', /^cannot load .*throws\.mjs: no luck$/],
    ['none.mjs', 'export const backend = 1;', /none\.mjs has no default export$/],
  ])('refuses %s and names it', async (name, content, message) => {
    await expect(loadConfigFile(file(name, content))).rejects.toMatchObject({
      code: 'RIT_ERR_CONFIG',
      message: expect.stringMatching(message),
    });
  });

  it('replaces environment variables in JSON, each time it is read', async () => {
    const path = file('variables.json', '{"backend": "http://${HOST}", "poolTimeout": "${MS}"}');
    expect(await loadConfigFile(path, 0, { HOST: 'a', MS: '5' })).toEqual({
      backend: 'http://a',
      poolTimeout: 5,
    });
    expect(await loadConfigFile(path, 1, { HOST: 'b', MS: '6' })).toEqual({
      backend: 'http://b',
      poolTimeout: 6,
    });
  });

  it('leaves modules, which have process.env', async () => {
    const path = file('plain.mjs', 'export default { backend: "${HOST}" };');
    expect(await loadConfigFile(path, 0, { HOST: 'a' })).toEqual({ backend: '${HOST}' });
  });

  it('names the file, the place and the variable that is not set', async () => {
    const path = file('unset.json', '{"routes": [{"backend": "${HOST}"}]}');
    await expect(loadConfigFile(path, 0, {})).rejects.toMatchObject({
      code: 'RIT_ERR_CONFIG',
      message: `cannot load ${path}: routes[0].backend: the environment variable HOST is not set`,
    });
  });

  it('refuses a file that is not there', async () => {
    await expect(loadConfigFile(join(folder, 'missing.json'))).rejects.toMatchObject({
      code: 'RIT_ERR_CONFIG',
      message: expect.stringMatching(/missing\.json: ENOENT/),
    });
  });
});
