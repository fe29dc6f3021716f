/**
 * What an idle connection costs: many are opened, each is used once, and after a collection of garbage
 * the resident memory of the proxy is compared with what it was before. A relay holds a pair of sockets
 * for each. Every round has a process of its own: one that had held as many before would hold them in
 * memory that it had not given back.
 */
import type { Socket } from 'node:net';
import {
  affordable,
  batch,
  openHttp,
  openHttp2,
  openMany,
  openSecure,
  openWebSocket,
} from '../load/idle.ts';
import { type Bench, failure, lackOf, scaled, startBackend } from './bench.ts';
import type { Subject } from './processes.ts';
import type { IdleSection, Missing } from './results.ts';
import type { Http2Side } from './scenario.ts';
import { summarize } from './statistics.ts';
import type { Need, Target } from './targets.ts';

export interface IdleScenario {
  readonly name: string;
  readonly title: string;
  readonly needs: readonly Need[];
  readonly http2: Http2Side;
  /** Opens a connection and uses it once. */
  open(port: number): Promise<Socket>;
}

export const idleScenarios: readonly IdleScenario[] = [
  {
    name: 'idle-http',
    title: 'Memory of an idle keep-alive connection',
    needs: [],
    http2: 'none',
    open: openHttp,
  },
  {
    name: 'idle-websocket',
    title: 'Memory of an idle WebSocket',
    needs: ['websocket'],
    http2: 'none',
    open: openWebSocket,
  },
  {
    name: 'idle-tls',
    title: 'Memory of an idle keep-alive connection over TLS',
    needs: ['tls'],
    http2: 'clients',
    open: openSecure,
  },
  {
    name: 'idle-http2',
    title: 'Memory of an idle HTTP/2 connection (over TLS)',
    needs: ['tls', 'http2'],
    http2: 'clients',
    open: openHttp2,
  },
];

/** Seconds that a target takes for a round, roughly. */
export const idleSeconds = 7;

const wanted = 4000;
/** For what closes, or is let go of, after the last of them. In ms. */
const settling = 1000;

export async function measureIdle(
  scenario: IdleScenario,
  targets: readonly Target[],
  bench: Bench,
): Promise<IdleSection> {
  const { name, title, needs, http2 } = scenario;
  const connections = scaled(affordable(wanted), bench.scale);
  const backend = await startBackend(bench, { secure: 'none', http2: 'none' });
  const missing: Missing[] = [];
  const bytes = new Map<Target, number[]>();
  for (const target of targets) {
    const lack = lackOf(target, needs);
    if (lack === null) bytes.set(target, []);
    else missing.push({ target: target.name, reason: lack });
  }
  for (let round = 1; round <= bench.rounds; round++) {
    for (const [target, found] of bytes) {
      bench.progress.begin(name, `round ${round} of ${bench.rounds}, ${target.name}`);
      try {
        const { proxy: core } = bench.cores;
        const secure = http2 === 'clients' ? 'listener' : 'none';
        const setup = { backend: backend.port, core, routes: 0, secure, http2 } as const;
        found.push(await measureOne(scenario, await target.start(setup), connections));
      } catch (error) {
        missing.push(failure(target.name, error));
        bytes.delete(target);
      }
      bench.progress.finish(idleSeconds * bench.scale);
    }
  }
  await backend.stop();
  return {
    kind: 'idle',
    name,
    title,
    connections,
    rounds: bench.rounds,
    figures: [...bytes].map(([target, found]) => ({
      target: target.name,
      bytes: summarize(found),
    })),
    missing,
  };
}

/** Bytes for each connection. Stops the subject. */
async function measureOne(
  { open }: IdleScenario,
  subject: Subject,
  connections: number,
): Promise<number> {
  const { port } = subject;
  let sockets: readonly Socket[] = [];
  try {
    // As many one after the other: what is compiled, and room for garbage, is not the idle ones' cost.
    for (let opened = 0; opened < connections; opened += batch) {
      for (const socket of await openMany(open, port, batch)) socket.destroy();
    }
    await settle();
    const before = await subject.collect();
    sockets = await openMany(open, port, connections);
    await settle();
    const after = await subject.collect();
    const closed = sockets.filter((socket) => !socket.readable).length;
    if (closed > 0) throw new Error(`closed ${closed} idle connections`);
    return (after.rss - before.rss) / connections;
  } finally {
    for (const socket of sockets) socket.destroy();
    await subject.stop();
  }
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, settling));
