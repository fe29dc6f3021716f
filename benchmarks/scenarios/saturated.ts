/**
 * Scenarios in which the proxy has all the work it can do, or half of it. They are what the goals of speed are
 * about: a proxy that is half idle wakes somebody with each write, which costs more than the write.
 */
import { checkHttp } from '../lib/check.ts';
import type { Subject } from '../lib/processes.ts';
import type { Http2Side, Scenario, SecureSide } from '../lib/scenario.ts';
import { runConnectLoad } from '../load/connect.ts';
import { type H2Load, lackOfH2Load, runH2Load } from '../load/h2load.ts';
import type { LoadResult } from '../load/http.ts';
import { openIdle } from '../load/idle.ts';
import { runPacedLoad } from '../load/paced.ts';
import { lackOfWrk, runWrk } from '../load/wrk.ts';
import { browserHeaders, keptRequest, lastRequest, smallBytes, smallPath } from './browser.ts';
import { scenario } from './scenario-defaults.ts';

const connections = 50;
/** Seconds of a round. */
const roundSeconds = 4;

const small = { prefix: '', path: smallPath, headers: browserHeaders, bodyBytes: smallBytes };
const kibibyte = Buffer.alloc(1024, 'a');

interface Saturated {
  readonly name: string;
  readonly title: string;
  readonly secure?: SecureSide;
  readonly http2?: Http2Side;
  readonly body?: Buffer;
  /** Connections that are busy. */
  readonly busy?: number;
  readonly open?: Scenario['open'];
}

function saturated({
  name,
  title,
  secure = 'none',
  http2 = 'none',
  body,
  busy,
  open,
}: Saturated): Scenario {
  const request = {
    method: body === undefined ? ('GET' as const) : ('POST' as const),
    headers: browserHeaders,
    ...(body === undefined ? {} : { body }),
  };
  return scenario({
    name,
    title: `${title}, saturated`,
    amount: roundSeconds,
    timed: true,
    seconds: roundSeconds,
    lack: lackOfWrk,
    secure,
    http2,
    needs: http2 === 'backends' ? ['http2-backends'] : needsOf(secure),
    ...(open === undefined ? {} : { open }),
    check: (port) => checkHttp(port, { ...small, ...request }, secure === 'listener'),
    run: ({ port }, seconds) =>
      runWrk({
        port,
        seconds,
        secure: secure === 'listener',
        connections: busy ?? connections,
        path: smallPath,
        ...request,
      }),
  });
}

const needsOf = (secure: SecureSide): Scenario['needs'] => (secure === 'none' ? [] : ['tls']);

/** As many requests at a time as in the others. */
const http2Clients = (
  name: string,
  title: string,
  protocol: H2Load['protocol'],
  streams: number,
): Scenario =>
  scenario({
    name,
    title: `${title}, saturated`,
    amount: roundSeconds,
    timed: true,
    seconds: roundSeconds,
    lack: lackOfH2Load,
    secure: 'listener',
    http2: 'clients',
    needs: ['tls', 'http2'],
    check: (port) => checkHttp(port, { ...small, method: 'GET' }, true),
    run: ({ port }, seconds) =>
      runH2Load({
        ...{ port, seconds, streams, protocol, connections: connections / streams },
        ...{ path: smallPath, headers: browserHeaders },
      }),
  });

const newTlsConnection = (name: string, title: string, resumed: boolean): Scenario =>
  scenario({
    name,
    title,
    amount: 1500,
    seconds: 4,
    secure: 'listener',
    needs: ['tls'],
    check: (port) => checkHttp(port, { ...small, method: 'GET' }, true),
    run: ({ port }, amount) =>
      runConnectLoad({
        port,
        amount,
        connections,
        request: lastRequest,
        tls: resumed ? 'resumed' : 'full',
      }),
  });

/** Rates by target: what would use half of its core. */
const halfRates = new Map<Subject, number>();

/** The first round, which warms up, is saturated, and shows what half is. */
async function runAtHalf(subject: Subject, seconds: number): Promise<LoadResult> {
  const rate = halfRates.get(subject);
  const { port } = subject;
  if (rate !== undefined) {
    const load = { port, rate, seconds, connections, request: keptRequest };
    return runPacedLoad({ ...load, bodyBytes: smallBytes });
  }
  const before = await subject.usage();
  const load = { port, seconds, secure: false, connections, path: smallPath };
  const result = await runWrk({ ...load, method: 'GET', headers: browserHeaders });
  const after = await subject.usage();
  halfRates.set(subject, 0.5e6 / ((after.cpu - before.cpu) / result.count));
  return result;
}

const idleConnections = 10_000;

export const saturatedScenarios: readonly Scenario[] = [
  saturated({ name: 'saturated-get', title: 'Small GET' }),
  saturated({ name: 'saturated-post', title: 'POST of 1 KiB', body: kibibyte }),
  saturated({ name: 'tls-get', title: 'Small GET over a TLS listener', secure: 'listener' }),
  http2Clients('http1-clients', 'Small GET of HTTP/1.1 over TLS, by h2load', 'http/1.1', 1),
  http2Clients('http2-clients', 'Small GET of HTTP/2 over TLS, by h2load', 'h2', 1),
  http2Clients('http2-streams', 'The same, 10 streams at a time on 5 connections', 'h2', 10),
  saturated({
    name: 'http2-backends',
    title: 'Small GET, HTTP/2 to the backend',
    http2: 'backends',
  }),
  saturated({ name: 'tls-backend', title: 'Small GET, TLS to the backend', secure: 'backend' }),
  saturated({
    name: 'among-idle',
    title: `Small GET over 100 connections beside ${idleConnections} idle ones (as far as file descriptors reach)`,
    busy: 100,
    open: (port) => openIdle(port, idleConnections),
  }),
  newTlsConnection('tls-connect', 'Small GET, a new TLS connection for each', false),
  newTlsConnection('tls-resumed', 'Small GET, a resumed TLS connection for each', true),
  scenario({
    name: 'half-load',
    title: 'Small GET at half load, at a fixed rate',
    amount: roundSeconds,
    timed: true,
    seconds: roundSeconds,
    lack: lackOfWrk,
    check: (port) => checkHttp(port, { ...small, method: 'GET' }),
    run: runAtHalf,
  }),
];
