/** `createServer` in the workers of an application's own `node:cluster`. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { useCensus } from '@reverseit/test-servers/use-server';
import { afterAll, expect, it, vi } from 'vitest';

useCensus();
// Processes start slowly on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const folder = mkdtempSync(join(tmpdir(), 'reverseit-'));
const script = join(folder, 'cluster.mjs');
const path = join(folder, 'socket');
afterAll(() => rmSync(folder, { recursive: true }));

const entry = JSON.stringify(new URL('../src/index.ts', import.meta.url).href);
writeFileSync(
  script,
  `import cluster from 'node:cluster';
  const path = ${JSON.stringify(path)};
  if (cluster.isPrimary) {
    const outcomes = [];
    let ready = 0;
    for (let nth = 0; nth < 4; nth++) cluster.fork();
    cluster.on('message', (_, outcome) => {
      if (outcome === 'ready') {
        // All at once.
        if (++ready === 4) for (const worker of Object.values(cluster.workers)) worker.send('go');
        return;
      }
      outcomes.push(outcome);
      if (outcomes.length < 4) return;
      console.log(JSON.stringify(outcomes));
      // Not before them: one that is left alone would say that nobody hears it.
      let left = 4;
      cluster.on('exit', () => --left === 0 && process.exit());
      for (const worker of Object.values(cluster.workers)) worker.process.kill('SIGKILL');
    });
  } else {
    const { createServer } = await import(${entry});
    const proxy = createServer({ respond: { body: 'here' } });
    process.once('message', () => {
      proxy.listen({ path }).then(
        () => process.send('listening'),
        (error) => process.send(error.message),
      );
    });
    process.send('ready');
  }`,
);

/** What a process leaves that is killed while it listens. */
function leaveSocket(): void {
  const listenAndDie = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', listenAndDie]);
  expect(lstatSync(path).isSocket()).toBe(true);
}

it('takes over a Unix socket that was left behind, in every worker', async () => {
  for (let round = 0; round < 4; round++) {
    rmSync(path, { force: true });
    leaveSocket();
    const flags = ['--conditions=@reverseit/source', '--disable-warning=ExperimentalWarning'];
    const child = spawn(process.execPath, [...flags, script], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compiled') },
    });
    const said = Promise.all([text(child.stdout), text(child.stderr)]);
    const [code] = await once(child, 'close');
    expect([code, ...(await said)]).toEqual([
      0,
      `${JSON.stringify(Array(4).fill('listening'))}\n`,
      '',
    ]);
  }
});
