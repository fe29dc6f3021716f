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

  it('refuses a file that is not there', async () => {
    await expect(loadConfigFile(join(folder, 'missing.json'))).rejects.toMatchObject({
      code: 'RIT_ERR_CONFIG',
      message: expect.stringMatching(/missing\.json: ENOENT/),
    });
  });
});
