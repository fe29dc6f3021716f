/**
 * Asks one backend again and again whether it is well: by a request on a connection of its own, or by
 * connecting. When the first check is, and how far one is from the next, is left to chance, so that the
 * checks of many replicas do not come together.
 */
import type { Socket } from 'node:net';
import {
  Deadline,
  type DeadlineQueue,
  type Deadlines,
  type DeadlineTarget,
} from '@reverseit/core/deadlines';
import type { ReverseItError } from '@reverseit/core/errors';
import { type FieldSection, getField } from '@reverseit/core/http';
import type { OptionValues } from '@reverseit/core/options';
import type {
  Connector,
  PendingSocket,
  SocketDelegate,
  SocketPhase,
} from '../connect/connector.ts';
import type { UpstreamRequest } from '../exchange/message/upstream-request.ts';
import type {
  ResponseHandler,
  UpstreamExchange,
  UpstreamResponseHead,
} from '../exchange/message/upstream-response.ts';
import type { OriginPool } from '../pool/pool.ts';
import type { RandomSource } from './balance/policy.ts';
import { StatusSet } from './health/status-set.ts';
import { firstShare, nextShare } from './jitter.ts';
import type { healthCheckOptions } from './options/group-options.ts';

export type HealthCheckRules = OptionValues<typeof healthCheckOptions>;

/** Told of each check. */
export interface HealthCheckDelegate {
  onCheckPassed(): void;
  onCheckFailed(reason: string): void;
}

/** Bytes of a response that are searched, and received before the connection is given up. */
const maxBody = 65_536;

const DEADLINE = { INTERVAL: 0, TIMEOUT: 1 } as const;

/** What carries out one check. */
interface Probe {
  start(): void;
  /** Gives it up; the delegate is not told. */
  cancel(): void;
  /** No check follows. */
  close(): void;
}

export class HealthCheck implements DeadlineTarget {
  readonly #deadlines: Deadlines;
  readonly #random: RandomSource;
  readonly #rules: HealthCheckRules;
  readonly #delegate: HealthCheckDelegate;
  readonly #timeout: DeadlineQueue;
  readonly #interval = new Deadline(this, DEADLINE.INTERVAL);
  readonly #end = new Deadline(this, DEADLINE.TIMEOUT);
  readonly #probe: Probe;
  #isClosed = false;

  constructor(
    deadlines: Deadlines,
    random: RandomSource,
    rules: HealthCheckRules,
    delegate: HealthCheckDelegate,
    makeProbe: (check: HealthCheck) => Probe,
  ) {
    this.#deadlines = deadlines;
    this.#random = random;
    this.#rules = rules;
    this.#delegate = delegate;
    this.#timeout = deadlines.queue(rules.timeout);
    this.#probe = makeProbe(this);
  }

  /** The first check comes within an interval. */
  start(): void {
    this.#arm(firstShare(this.#random));
  }

  close(): void {
    this.#isClosed = true;
    this.#interval.clear();
    this.#end.clear();
    this.#probe.close();
  }

  onDeadline(kind: number): void {
    if (kind === DEADLINE.TIMEOUT) {
      this.#probe.cancel();
      this.failed(`no answer within ${this.#rules.timeout} ms`);
      return;
    }
    this.#probe.cancel();
    this.#arm(nextShare(this.#random));
    this.#timeout.arm(this.#end);
    this.#probe.start();
  }

  passed(): void {
    this.#end.clear();
    if (!this.#isClosed) this.#delegate.onCheckPassed();
  }

  failed(reason: string): void {
    this.#end.clear();
    if (!this.#isClosed) this.#delegate.onCheckFailed(reason);
  }

  /** Nothing was found out: it is our own pool that is full. */
  unknown(): void {
    this.#end.clear();
  }

  #arm(intervals: number): void {
    const { interval } = this.#rules;
    this.#deadlines.queue(Math.max(1, Math.round(intervals * interval))).arm(this.#interval);
  }
}

export class HttpProbe implements Probe, ResponseHandler {
  readonly #check: HealthCheck;
  readonly #origin: OriginPool;
  readonly #rules: HealthCheckRules;
  readonly #request: UpstreamRequest;
  readonly #statuses: StatusSet | null;
  #exchange: UpstreamExchange | null = null;
  /** What came of a body that is searched; null where none is. */
  #body: Buffer[] | null = null;
  #received = 0;
  #isDecided = false;

  /** The origin makes a connection for each request. */
  constructor(check: HealthCheck, origin: OriginPool, authority: string, rules: HealthCheckRules) {
    this.#check = check;
    this.#origin = origin;
    this.#rules = rules;
    this.#statuses = StatusSet.parse(rules.status);
    const given: FieldSection = [...rules.headers];
    const fields = [...given];
    if (getField(given, 'user-agent') === undefined)
      fields.unshift('user-agent', 'reverseit-health-check');
    if (getField(given, 'host') === undefined) fields.unshift('host', authority);
    this.#request = { method: rules.method, target: rules.path, fields, body: null };
  }

  start(): void {
    this.#received = 0;
    this.#isDecided = false;
    this.#body = this.#rules.body === null ? null : [];
    // The check has one deadline for everything.
    this.#exchange = this.#origin.dispatch(this.#request, limits, this);
  }

  cancel(): void {
    this.#exchange?.abort();
    this.#exchange = null;
    this.#body = null;
  }

  close(): void {
    this.cancel();
    this.#origin.release();
  }

  onInterim(): void {
    // Not the answer yet.
  }

  onHead({ status }: UpstreamResponseHead): void {
    if (this.#statuses?.has(status) !== true) this.#decide(`status ${status}`);
    else if (this.#body === null) this.#decide(null);
  }

  onData(chunk: Buffer): void {
    this.#received += chunk.length;
    this.#body?.push(chunk);
    if (this.#received >= maxBody) {
      this.#checkBody();
      this.cancel();
    }
  }

  onEnd(): void {
    this.#exchange = null;
    this.#checkBody();
  }

  onError(error: ReverseItError): void {
    this.#exchange = null;
    const { code } = error;
    if (code === 'RIT_ERR_UPSTREAM_QUEUE_FULL' || code === 'RIT_ERR_UPSTREAM_QUEUE_TIMEOUT') {
      this.#check.unknown();
    } else this.#decide(error.message);
  }

  /** The first verdict counts. */
  #decide(fault: string | null): void {
    if (this.#isDecided) return;
    this.#isDecided = true;
    this.#body = null;
    if (fault === null) this.#check.passed();
    else this.#check.failed(fault);
  }

  #checkBody(): void {
    const { body } = this.#rules;
    if (this.#body === null || body === null) return;
    const text = Buffer.concat(this.#body).subarray(0, maxBody).toString();
    this.#decide(text.includes(body) ? null : 'response without the text that is expected');
  }
}

const limits = Object.freeze({
  poolTimeout: 0,
  responseHeaderTimeout: 0,
  upstreamIdleTimeout: 0,
  responseHeaderRetries: 0,
});

export class TcpProbe implements Probe, SocketDelegate {
  readonly #check: HealthCheck;
  readonly #connector: Connector;
  #pending: PendingSocket | null = null;
  #socket: Socket | null = null;

  constructor(check: HealthCheck, connector: Connector) {
    this.#check = check;
    this.#connector = connector;
  }

  start(): void {
    try {
      this.#pending = this.#connector.open(this);
    } catch (error) {
      this.onNoSocket(error as Error);
    }
  }

  cancel(): void {
    this.#pending?.cancel();
    this.#pending = null;
    this.#socket?.destroy();
    this.#socket = null;
  }

  close(): void {
    this.cancel();
  }

  onSocket(socket: Socket, phase: SocketPhase): void {
    this.#pending = null;
    this.#socket = socket;
    socket.on('error', (error) => {
      if (this.#socket === socket) this.onNoSocket(error);
    });
    socket.on('close', () => {
      if (this.#socket === socket) this.onNoSocket(new Error('connection ended'));
    });
    if (phase === 'ready') this.#onReady();
    else {
      socket.once(this.#connector.readyEvent, () => {
        if (this.#socket === socket) this.#onReady();
      });
    }
  }

  #onReady(): void {
    this.cancel();
    this.#check.passed();
  }

  onNoSocket(error: Error): void {
    this.cancel();
    this.#check.failed(error.message);
  }
}
