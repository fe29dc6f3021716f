/** A request while `onRequest` and `respond` run: who serves it is not decided yet. */
import type { Exchange, ExchangeHandler } from '@reverseit/core';
import type { DeadlineQueue } from '@reverseit/core/deadlines';
import type { ReverseItError } from '@reverseit/core/errors';
import { sendDirect } from '../hooks/direct-response.ts';
import { HookChain, type HookName } from '../hooks/hook-chain.ts';
import type { DirectResponse, OnRequest, Respond } from '../hooks/hooks.ts';
import { forward } from './forward.ts';
import { answerError } from './runtime/answer-error.ts';
import type { RequestContext } from './runtime/request-context.ts';
import type { RouteRuntime } from './runtime/route-runtime.ts';

// biome-ignore lint/suspicious/noConfusingVoidType: what a hook that answers nothing returns
type HookAnswer = DirectResponse | void;

export class HookedRequest
  extends HookChain<OnRequest | Respond, HookAnswer>
  implements ExchangeHandler
{
  readonly #exchange: Exchange;
  readonly #context: RequestContext;
  readonly #first: RouteRuntime;
  /** Routes whose own hooks have run: once each, however often a hook chooses them. */
  readonly #ran: RouteRuntime[] = [];
  #over = false;

  constructor(exchange: Exchange, context: RequestContext, route: RouteRuntime) {
    super();
    this.#exchange = exchange;
    this.#context = context;
    this.#first = route;
    exchange.handler = this;
  }

  /** The outer ring first: what stands beside `routes` sees every request, whichever route serves it. */
  begin(): void {
    this.#context.beginChoice();
    this.run('onRequest', this.#first.hooks.outerRequest);
  }

  protected get timeouts(): DeadlineQueue {
    return this.#context.hooks.timeouts;
  }

  protected call(hook: OnRequest | Respond): HookAnswer | PromiseLike<HookAnswer> {
    return hook(this.#context.request, this.#context.ofRoute);
  }

  /** `onRequest` may leave the answer to others, `respond` may not. */
  protected take(answer: HookAnswer, name: HookName): boolean {
    if (name === 'onRequest' && (answer === undefined || answer === null)) return false;
    // Throws where it is no response; then nothing has been sent, and the request is not over.
    sendDirect(this.#exchange, answer as DirectResponse, name);
    this.#over = true;
    this.#context.finish(null);
    return true;
  }

  protected onDone(): void {
    const route = this.#context.runtime ?? this.#first;
    if (this.#ran.includes(route)) this.#proceed(route);
    else {
      this.#ran.push(route);
      this.run('onRequest', route.hooks.ownRequest);
    }
  }

  #proceed(route: RouteRuntime): void {
    this.#context.endChoice();
    if (route.hooks.respond.length > 0) {
      this.run('respond', route.hooks.respond);
      return;
    }
    try {
      forward(this.#exchange, route, this.#context);
    } catch (cause) {
      this.#fail(cause);
    }
  }

  protected onFailed(error: ReverseItError): void {
    this.#fail(error);
  }

  #fail(cause: unknown): void {
    if (this.#over) return;
    this.#over = true;
    const { runtime } = this.#context;
    answerError(this.#first.shared, this.#exchange, runtime, this.#context, cause);
  }

  onBody(): void {
    // Content is not asked for before the hooks have run.
  }

  onBodyEnd(): void {
    // As above.
  }

  onDrain(): void {
    // Nothing has been written.
  }

  onAbort(error: ReverseItError): void {
    this.#over = true;
    this.stop();
    this.#context.finish(error);
  }
}
