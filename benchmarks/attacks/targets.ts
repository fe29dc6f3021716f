/** What is attacked: ReverseIt over both transports, and its peers where they are installed. */
import { testCertificates } from '@reverseit/test-servers/certificates';
import { isInstalled } from '../lib/external.ts';
import { processTreeUsage } from '../lib/proc.ts';
import { Child } from './child.ts';
import { type Flood, prefix, respondPath } from './flood.ts';
import { startPeer } from './peers.ts';
import type { ProxyFigures, ProxyQuestion } from './proxy.ts';
import { toText } from './proxy-options.ts';
import type { Turns } from './turns.ts';

/** A proxy under attack. */
export interface Attacked {
  readonly port: number;
  /** Begins a measurement: collects garbage, where there is any. */
  begin(): Promise<Used>;
  /** What was used since. */
  used(): Promise<Used>;
  /** Resident memory in bytes, seen from outside; NaN where the system does not tell. */
  memory(): Promise<number>;
  stop(): Promise<void>;
}

export interface Used {
  /** Of the event loop; null where there is none. */
  readonly turns: Turns | null;
  /** Resident memory in bytes. */
  readonly rss: number;
  /** CPU time in µs. */
  readonly cpu: number;
}

/** Ports of the backends: the one that takes part in the attack, and the victim's. */
export interface Backends {
  readonly attack: number;
  readonly honest: number;
}

export interface Target {
  readonly name: string;
  /** Whether it is ReverseIt. */
  readonly ours: boolean;
  /** Whether it has what the flood is about. */
  takes(flood: Flood): boolean;
  start(flood: Flood, backends: Backends, core: number | null): Promise<Attacked>;
}

type Transport = 'undici' | 'direct';

/** What the listener and the routes are for a flood. */
function optionsOf(flood: Flood, transport: Transport, { attack, honest }: Backends): object {
  const backend = (port: number): string => `http://127.0.0.1:${port}`;
  const { server } = testCertificates();
  return {
    listen: { host: '127.0.0.1', port: 0 },
    ...flood.options,
    ...(flood.tls ? { tls: server } : {}),
    pool: { transport },
    routes: [
      {
        path: prefix,
        stripPath: prefix,
        backend: backend(attack),
        pool: { transport, ...flood.options?.pool },
      },
      { path: '/honest', stripPath: '/honest', backend: backend(honest) },
      { path: respondPath, respond: { status: 200, body: 'ok' } },
    ],
  };
}

const reverseit = (transport: Transport): Target => ({
  name: transport,
  ours: true,
  takes: ({ local }) => local === undefined || transport === 'undici',
  start: async (flood, backends, core) => {
    const options = toText(optionsOf(flood, transport, backends));
    const { child, ready } = await Child.start<number, ProxyQuestion, ProxyFigures>(
      'proxy.ts',
      [options],
      core,
    );
    return {
      port: ready,
      begin: () => child.ask('begin'),
      used: () => child.ask('figures'),
      memory: async () => memoryOf(child.pid),
      stop: () => child.stop(),
    };
  },
});

function memoryOf(pid: number): number {
  try {
    return processTreeUsage(pid).rss;
  } catch {
    return Number.NaN;
  }
}

const peer = (name: 'nginx' | 'haproxy'): readonly Target[] =>
  isInstalled(name)
    ? [
        {
          name,
          ours: false,
          takes: (flood) =>
            flood.ours === undefined && (flood.http2 === undefined || name === 'haproxy'),
          start: (flood, backends, core) => startPeer(name, flood, backends, core),
        },
      ]
    : [];

export const targets: readonly Target[] = [
  reverseit('undici'),
  reverseit('direct'),
  ...peer('nginx'),
  ...peer('haproxy'),
];
