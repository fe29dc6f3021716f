/**
 * The command as a process, under load: what it has accepted when it is told to end is answered, whole,
 * and it ends with 0. And nothing that comes over the network ends it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import {
  connectRaw,
  eventually,
  guarded,
  patternSha256,
  type RawClient,
  startFriendlyOrigin,
} from '@reverseit/test-servers';
import { connectFrames } from '@reverseit/test-servers/frame-client';
import { loadCorpus } from '@reverseit/test-servers/load-corpus';
import { startMisbehavingOrigin } from '@reverseit/test-servers/misbehaving-origin';
import { misbehaviourNames } from '@reverseit/test-servers/misbehaviours';
import { useCensus, useCleanup } from '@reverseit/test-servers/use-server';
import { afterEach, expect, it } from 'vitest';

const command = fileURLToPath(new URL('../src/cli.ts', import.meta.url));
const children: ChildProcess[] = [];

useCensus();
const use = useCleanup();

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

interface Running {
  readonly child: ChildProcess;
  readonly port: number;
  /** Exit code, and standard error. */
  readonly ended: Promise<readonly [code: unknown, log: string]>;
}

async function start(...args: string[]): Promise<Running> {
  const child = spawn(
    process.execPath,
    [
      '--conditions=@reverseit/source',
      '--disable-warning=ExperimentalWarning',
      command,
      '--listen',
      '127.0.0.1:0',
      ...args,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  children.push(child);
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const ended = once(child, 'close').then(([code]: unknown[]) => [code, log] as const);
  const lines = createInterface({ input: child.stdout });
  const [line] = await guarded(
    Promise.race([once(lines, 'line'), ended.then(([, text]) => [text])]),
    'the command to listen',
  );
  return { child, port: Number(/127\.0\.0\.1:(\d+) ->/.exec(String(line))?.[1]), ended };
}

const size = 300_000;

/** What became of the clients' requests. */
interface Outcome {
  whole: number;
}

/** Asks again and again on one connection, until the proxy ends it. */
async function askOn(client: RawClient, outcome: Outcome, nth: number): Promise<void> {
  for (;;) {
    const target = nth % 3 === 0 ? `/bytes/${size}` : nth % 3 === 1 ? '/hello' : `/chunked/${size}`;
    client.send(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
    // The connection ended in good order, without one byte of an answer.
    if (!(await client.reader.hasMore())) return;
    const answer = await client.readResponse({ keepBody: false });
    expect(answer.status).toBe(200);
    if (target !== '/hello') expect(answer.sha256).toBe(patternSha256(size));
    outcome.whole += 1;
    if (answer.header('connection') === 'close') {
      await client.expectFin();
      return;
    }
  }
}

it('RFC 9112 §9.6: SIGTERM under load loses no request that was accepted', {
  timeout: 60_000,
}, async () => {
  const origin = use(await startFriendlyOrigin());
  // On a busy machine the backend takes its time, which is not what is tested.
  const patience = ['--websocket-backend-upgrade-timeout', '0', '--response-header-timeout', '0'];
  const proxy = await start('--backend', origin.url, ...patience);
  const outcome: Outcome = { whole: 0 };
  const clients = await Promise.all(
    Array.from({ length: 30 }, async () => use(await connectRaw({ port: proxy.port }))),
  );
  const asking = clients.map((client, nth) => askOn(client, outcome, nth));
  // Uploads and WebSockets are under way as well.
  const upload = use(await connectRaw({ port: proxy.port }));
  upload.send('POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234');
  const socket = use(await connectFrames({ port: proxy.port }));
  await eventually(() => outcome.whole > 100, 'a hundred answers');
  proxy.child.kill('SIGTERM');
  expect((await socket.readToClose()).code).toBe(1001);
  await socket.sendClose(1001);
  await socket.expectClosed();
  upload.send('56789');
  const answer = await upload.readResponse();
  expect([answer.status, answer.header('connection')]).toEqual([200, 'close']);
  await Promise.all(asking);
  await upload.expectFin();
  expect(await proxy.ended).toEqual([0, expect.stringMatching(/^reverseit: SIGTERM/)]);
  // Beside those of the clients, the upload and the WebSocket. A client that took longer than the proxy waits
  // for it asks a connection that is closed: its request is not accepted, and it may ask elsewhere.
  expect(origin.requests()).toBe(outcome.whole + 2);
});

/** Sends bytes, and reads until the proxy ends the connection or answers no more. */
async function throwAt(port: number, input: Buffer): Promise<void> {
  const client = await connectRaw({ port });
  try {
    client.send(input);
    client.end();
    await client.readUntilEnd();
  } catch (error) {
    if ((error as Error).name !== 'PeerGoneError') throw error;
  } finally {
    await client.close();
  }
}

it('RFC 9112 §11: no input and no backend ends the process', { timeout: 60_000 }, async () => {
  const origin = use(await startMisbehavingOrigin({ maxRecords: 0 }));
  const soon = '200';
  const proxy = await start(
    ...['--backend', origin.url, '--response-header-timeout', soon],
    ...['--upstream-idle-timeout', soon, '--pool-size', '100', '--websocket-compress'],
  );
  const noise = Array.from({ length: 200 }, () => randomBytes(300));
  const inputs = [...loadCorpus().map(({ input }) => input), ...noise];
  for (let at = 0; at < inputs.length; at += 50) {
    await Promise.all(inputs.slice(at, at + 50).map((input) => throwAt(proxy.port, input)));
  }
  const requests = misbehaviourNames.flatMap((name) =>
    [`GET /${name} HTTP/1.1\r\n`, `POST /${name} HTTP/1.1\r\nContent-Length: 3\r\n`].map((head) =>
      Buffer.from(`${head}Host: a\r\n\r\nabc`),
    ),
  );
  await Promise.all(
    requests.map(async (request) => {
      const client = await connectRaw({ port: proxy.port });
      client.send(request);
      await client.reader.hasMore();
      // Some would be sent to for ever.
      await client.close();
    }),
  );
  const client = use(await connectRaw({ port: proxy.port }));
  // The backend has left connections open that it does not read; this the proxy answers by itself.
  expect((await client.request('OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n')).status).toBe(204);
  await client.close();
  proxy.child.kill('SIGTERM');
  const [code, log] = await proxy.ended;
  expect(code).toBe(0);
  // Every line is one of the logger's: no stack, no warning of Node's.
  for (const line of log.trimEnd().split('\n')) expect(line).toMatch(/^reverseit: /);
});
