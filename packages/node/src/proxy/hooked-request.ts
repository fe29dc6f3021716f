/** A request while `onRequest`, `respond` and `chooseBackend` run: who serves it is not decided yet. */
import type { Exchange, ExchangeHandler } from '@reverseit/core';
import type { DeadlineQueue } from '@reverseit/core/deadlines';
import { createError, type ReverseItError } from '@reverseit/core/errors';
import { sendDirect } from '../hooks/direct-response.ts';
import { HookChain, type HookName } from '../hooks/hook-chain.ts';
import type { ChooseBackend, DirectResponse, OnRequest, Respond } from '../hooks/hooks.ts';
import { forward } from './forward.ts';
import { answerError } from './runtime/answer-error.ts';
import { resolveChoice } from './runtime/backend-choice.ts';
import type { RequestContext } from './runtime/request-context.ts';
import type { RouteRuntime } from './runtime/route-runtime.ts';

type Hook = OnRequest | Respond | ChooseBackend;

// biome-ignore lint/suspicious/noConfusingVoidType: what a hook that answers nothing returns
type HookAnswer = DirectResponse | string | URL | null | undefined | void;

export class HookedRequest extends HookChain<Hook, HookAnswer> implements ExchangeHandler {
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

  protected call(hook: Hook): HookAnswer | PromiseLike<HookAnswer> {
    return hook(this.#context.request, this.#context.ofRoute);
  }

  /** `onRequest` may leave the answer to others, `respond` may not. */
  protected take(answer: HookAnswer, name: HookName): boolean {
    if (name === 'chooseBackend') {
      this.#choose(answer);
      return true;
    }
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
    } else if (route.hooks.chooseBackend.length > 0) {
      this.run('chooseBackend', route.hooks.chooseBackend);
    } else this.#forward(route);
  }

  /** Throws where that backend cannot be had. */
  #choose(answer: HookAnswer): void {
    const route = this.#context.runtime ?? this.#first;
    const choice = resolveChoice(answer, route.choices);
    if (choice !== null) this.#context.choose(choice);
    else if (route.origin === null) throw createError('RIT_ERR_NO_BACKEND');
    this.#forward(route);
  }

  #forward(route: RouteRuntime): void {
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
    // The body is not asked for before the hooks have run.
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
