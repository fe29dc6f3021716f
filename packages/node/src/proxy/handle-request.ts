/** The steps of a request: route, hooks, target, fields, backend. What fails on the way is answered here. */
import type { Exchange, ExchangeHandler } from '@reverseit/core';
import { fail, isReverseItError, type ReverseItError } from '@reverseit/core/errors';
import { sendDirect } from '../hooks/direct-response.ts';
import { hookError, isThenable } from '../hooks/hook-call.ts';
import { RequestContext } from '../hooks/hook-context.ts';
import { RequestView } from '../hooks/hook-request.ts';
import type { DirectResponse, OnRequest, Respond } from '../hooks/hooks.ts';
import type { Observer } from '../hooks/observer.ts';
import type { Recorder } from '../hooks/recorder.ts';
import type { RouteTable } from '../routes/route-table.ts';
import { createUpgrade } from './handle-upgrade.ts';
import { ProxyExchange } from './proxy-exchange.ts';
import { mayForward } from './request-rewrite.ts';
import type { RouteRuntime } from './route-runtime.ts';
import { TunnelExchange } from './tunnel-exchange.ts';
import { webSocketProtocol } from './upgrade-rules.ts';

/** Methods that a backend may be asked for through us; CONNECT never is. */
const allow = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE';

/** What serves the requests of a server. */
export interface ProxyRuntime {
  readonly routes: RouteTable<RouteRuntime>;
  /** By name, for hooks that choose. */
  readonly named: ReadonlyMap<string, RouteRuntime>;
  readonly observer: Observer;
}

export function handleRequest(runtime: ProxyRuntime, exchange: Exchange): void {
  const recorder = runtime.observer.record(exchange);
  try {
    const { head } = exchange;
    if (head.target === '*' || !mayForward(head)) {
      answerForUs(exchange);
      recorder?.finish(null);
      return;
    }
    const route = runtime.routes.match(head.authority, head.target);
    if (route === null) throw fail('RIT_ERR_NO_ROUTE');
    if (recorder !== null) recorder.route = route.name;
    if (route.onRequest === null && route.onResponse === null && route.respond === null) {
      forward(exchange, route, null, recorder);
    } else new HookedRequest(runtime, exchange, route, recorder).begin();
  } catch (error) {
    answerError(exchange, recorder, error);
  }
}

/** Sends a request on by a route whose hooks have run. */
function forward(
  exchange: Exchange,
  route: RouteRuntime,
  context: RequestContext | null,
  recorder: Recorder | null,
): void {
  const { head } = exchange;
  const target = route.target.apply(head.target);
  const protocol = head.upgrade ? route.upgrades.choose(head.fields) : null;
  const proxied =
    protocol === null
      ? createProxied(exchange, route, target, context, recorder)
      : protocol === webSocketProtocol
        ? createUpgrade(exchange, route, target, context, recorder)
        : new TunnelExchange(exchange, route, target, protocol, context, recorder);
  exchange.handler = proxied;
  proxied.begin();
}

function createProxied(
  exchange: Exchange,
  route: RouteRuntime,
  target: string,
  context: RequestContext | null,
  recorder: Recorder | null,
): ProxyExchange {
  const { head } = exchange;
  // A hook may have changed the fields.
  const lines =
    context === null && route.origin?.takesLines === true
      ? route.request.lines(head, exchange)
      : null;
  const fields = lines ?? route.request.fields(head, exchange);
  return new ProxyExchange(exchange, route, target, fields, context, recorder);
}

function answerError(exchange: Exchange, recorder: Recorder | null, cause: unknown): void {
  const error = asOurs(cause);
  exchange.fail(error);
  recorder?.finish(error);
}

/** `OPTIONS *` concerns the server it reaches (RFC 9110 §9.3.7), and so does a request whose hops have run out (§7.6.2). */
function answerForUs(exchange: Exchange): void {
  if (exchange.head.method === 'TRACE') {
    // Reflecting a request would hand its credentials to scripts.
    exchange.respond(405, ['allow', allow], '');
  } else exchange.respond(204, ['allow', allow], '');
}

function asOurs(error: unknown): ReverseItError {
  return isReverseItError(error) ? error : fail('RIT_ERR_INTERNAL', undefined, { cause: error });
}

type HookName = 'onRequest' | 'respond';
// biome-ignore lint/suspicious/noConfusingVoidType: what a hook that answers nothing returns
type HookAnswer = DirectResponse | void;

/** A request while its hooks run. A hook that answers at once costs no promise and no closure. */
class HookedRequest implements ExchangeHandler {
  readonly #exchange: Exchange;
  readonly #recorder: Recorder | null;
  readonly #context: RequestContext;
  /** What the hooks see of the request; made for the first of them. */
  #view: RequestView | null = null;
  #over = false;

  constructor(
    runtime: ProxyRuntime,
    exchange: Exchange,
    route: RouteRuntime,
    recorder: Recorder | null,
  ) {
    this.#exchange = exchange;
    this.#recorder = recorder;
    this.#context = new RequestContext(exchange, route, runtime.named);
    exchange.handler = this;
  }

  begin(): void {
    const { onRequest } = this.#context.runtime;
    if (onRequest === null) this.#goOn('onRequest', undefined);
    else this.#run('onRequest', onRequest);
  }

  /** Runs a hook and goes on with its answer, at once where that is no promise. */
  #run(name: HookName, hook: OnRequest | Respond): void {
    this.#view ??= new RequestView(this.#exchange.head);
    try {
      const answer = hook(this.#view, this.#context);
      if (isThenable(answer)) this.#await(name, answer);
      else this.#goOn(name, answer);
    } catch (cause) {
      this.#fail(hookError(name, cause));
    }
  }

  #await(name: HookName, answer: PromiseLike<HookAnswer>): void {
    Promise.resolve(answer).then(
      (value) => {
        if (!this.#over) this.#goOn(name, value);
      },
      (cause: unknown) => this.#fail(hookError(name, cause)),
    );
  }

  /** `onRequest` may leave the answer to others, `respond` may not. Never throws. */
  #goOn(name: HookName, answer: HookAnswer): void {
    try {
      if (name === 'onRequest' && (answer === undefined || answer === null)) this.#proceed();
      else this.#answer(answer as DirectResponse, name);
    } catch (error) {
      this.#fail(error);
    }
  }

  #proceed(): void {
    const route = this.#context.runtime;
    if (this.#recorder !== null) this.#recorder.route = route.name;
    const { respond } = route;
    if (respond === null) forward(this.#exchange, route, this.#context, this.#recorder);
    else this.#run('respond', respond);
  }

  #answer(answer: DirectResponse, hook: HookName): void {
    // Throws where it is no response; then nothing has been sent, and the request is not over.
    sendDirect(this.#exchange, answer, hook);
    this.#over = true;
    this.#context.end();
    this.#recorder?.finish(null);
  }

  #fail(cause: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#context.end();
    answerError(this.#exchange, this.#recorder, cause);
  }

  onContent(): void {
    // Content is not asked for before the hooks have run.
  }

  onContentEnd(): void {
    // As above.
  }

  onDrain(): void {
    // Nothing has been written.
  }

  onAbort(error: ReverseItError): void {
    this.#over = true;
    this.#context.end();
    this.#recorder?.finish(error);
  }
}
