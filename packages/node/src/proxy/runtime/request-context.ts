import type { Exchange, ProxyHeader } from '@reverseit/core';
import { createError, type ReverseItError } from '@reverseit/core/errors';
import { authorityOf, clientOf } from '../../hooks/client-of.ts';
import { RequestView } from '../../hooks/hook-request.ts';
import type { HookContext, RequestInfo } from '../../hooks/hooks.ts';
import { Recorder } from '../../hooks/recorder.ts';
import type { RouteHooks } from '../../hooks/route-hooks.ts';
import { type NodeRequest, nodeRequestOf } from '../../middleware/messages/node-messages.ts';
import { RequestTrace } from '../../tracing/request-trace.ts';
import type { ChosenUrl } from './chosen-origins.ts';
import type { ProxyShared } from './proxy-shared.ts';
import type { RouteRuntime } from './route-runtime.ts';

/** What the hooks of one request share, and what is noted of it for its record. */
export class RequestContext implements RequestInfo {
  data: unknown = undefined;
  readonly requestId: string | null;
  /** @internal Null where nobody follows the request. */
  readonly trace: RequestTrace | null;
  readonly #exchange: Exchange;
  readonly #shared: ProxyShared;
  readonly #recorder: Recorder | null;
  #runtime: RouteRuntime | null;
  /** What hooks see of the request; made for the first of them. */
  #view: RequestView | null = null;
  /** Made when it is first asked for: most requests never are. */
  #controller: AbortController | null = null;
  /** Name of the backend that `chooseBackend` named, or the one that it named by URL. */
  #chosen: string | ChosenUrl | null = null;
  /** `onRequest` runs, and may choose another route. */
  #choosing = false;
  #over = false;

  /** @internal `runtime` is null where no route serves the request. */
  constructor(exchange: Exchange, shared: ProxyShared, runtime: RouteRuntime | null) {
    this.#exchange = exchange;
    this.#shared = shared;
    this.#runtime = runtime;
    this.requestId = shared.requestIds === null ? null : shared.requestIds.assign(exchange);
    this.trace = RequestTrace.of(exchange, this, shared.tracing);
    this.#recorder =
      this.trace !== null || shared.observer.wantsRecord(this.hooks)
        ? new Recorder(exchange)
        : null;
    if (this.trace !== null) this.trace.begin();
  }

  get traceId(): string | null {
    return this.trace === null ? null : this.trace.traceId;
  }

  get route(): string | null {
    return this.#runtime === null ? null : this.#runtime.name;
  }

  get remoteAddress(): string {
    return clientOf(this.#exchange).remoteAddress;
  }

  get remotePort(): number {
    return clientOf(this.#exchange).remotePort;
  }

  get encrypted(): boolean {
    return clientOf(this.#exchange).encrypted;
  }

  get scheme(): 'http' | 'https' {
    return this.encrypted ? 'https' : 'http';
  }

  get authority(): string | null {
    return authorityOf(this.#exchange);
  }

  get peerAddress(): string {
    return this.#exchange.remoteAddress;
  }

  get proxyHeader(): ProxyHeader | null {
    return this.#exchange.proxyHeader;
  }

  get nodeRequest(): NodeRequest | null {
    return nodeRequestOf(this.#exchange);
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#over) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  useRoute(name: string): void {
    if (!this.#choosing) {
      throw createError('RIT_ERR_INTERNAL', 'useRoute: only onRequest can select a route');
    }
    const runtime = this.#shared.named.get(name);
    if (runtime === undefined)
      throw createError('RIT_ERR_CONFIG', `useRoute: no route is named "${name}"`);
    this.#runtime = runtime;
    runtime.meter?.adopt(this.#exchange);
  }

  /** @internal The same for hooks of a route, where one serves the request. */
  get ofRoute(): HookContext {
    return this as HookContext;
  }

  /** @internal The route that serves the request, if any. */
  get runtime(): RouteRuntime | null {
    return this.#runtime;
  }

  /** @internal */
  get hooks(): RouteHooks {
    return this.#runtime === null ? this.#shared.unrouted : this.#runtime.hooks;
  }

  /** @internal Null where nobody wants a record. */
  get recorder(): Recorder | null {
    return this.#recorder;
  }

  /** @internal What hooks have set of the fields that describe the client. */
  get claimed(): ReadonlySet<string> | null {
    return this.#view === null ? null : this.#view.headers.claimed;
  }

  /** @internal What hooks see of the request. */
  get request(): RequestView {
    this.#view ??= new RequestView(this.#exchange.head);
    return this.#view;
  }

  /** @internal `onRequest` is about to run. */
  beginChoice(): void {
    this.#choosing = true;
  }

  /** @internal The route stands. */
  endChoice(): void {
    this.#choosing = false;
  }

  /** @internal `chooseBackend` has chosen. A URL is released when the request is over. */
  choose(backend: string | ChosenUrl): void {
    this.#chosen = backend;
  }

  /** @internal The backend that has to get the request, by its name; null: balancing decides, or a URL. */
  get backendName(): string | null {
    return typeof this.#chosen === 'string' ? this.#chosen : null;
  }

  /** @internal The backend that was chosen by URL, if any. */
  get chosenUrl(): ChosenUrl | null {
    return typeof this.#chosen === 'string' ? null : this.#chosen;
  }

  /**
   * @internal What the hooks so far were at is given up. The signal of those that answer the error is
   * another.
   */
  beginErrorResponse(error: ReverseItError): void {
    this.#choosing = false;
    this.#controller?.abort(error);
    this.#controller = null;
  }

  /** @internal The request is over. */
  finish(error: ReverseItError | null): void {
    if (this.#over) return;
    this.#over = true;
    this.#choosing = false;
    this.chosenUrl?.release();
    // Without an error the reason is an AbortError.
    this.#controller?.abort(error ?? undefined);
    const { observer } = this.#shared;
    if (this.#recorder !== null) {
      const record = this.#recorder.record(this, error);
      observer.onRecord(record, this, this.hooks);
      this.trace?.end(record, this.#runtime === null ? null : this.#runtime.path);
    } else if (error !== null) observer.onFailure(error, this, this.#exchange.head.method);
  }
}
