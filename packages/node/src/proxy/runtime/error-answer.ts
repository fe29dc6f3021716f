/** A request that failed, while `onErrorResponse` runs: the application may answer in its own words. */
import type { Exchange, ExchangeHandler } from '@reverseit/core';
import type { DeadlineQueue } from '@reverseit/core/deadlines';
import type { ReverseItError } from '@reverseit/core/errors';
import { hasField, type ReadonlyFieldSection, toLowerAscii } from '@reverseit/core/http';
import { errorFields } from '@reverseit/core/internal/server';
import { toWholeResponse } from '../../hooks/direct-response.ts';
import { HookChain } from '../../hooks/hook-chain.ts';
import type { DirectResponse, OnErrorResponse } from '../../hooks/hooks.ts';
import type { Observer } from '../../hooks/observer.ts';
import type { RequestContext } from './request-context.ts';

// biome-ignore lint/suspicious/noConfusingVoidType: what a hook that answers nothing returns
type HookAnswer = DirectResponse | void;

export class ErrorAnswer extends HookChain<OnErrorResponse, HookAnswer> implements ExchangeHandler {
  readonly #exchange: Exchange;
  readonly #context: RequestContext;
  readonly #error: ReverseItError;
  readonly #observer: Observer;
  /** What every answer to the error carries. */
  readonly #fields: ReadonlyFieldSection;
  /** Sends the standard response. */
  readonly #answerPlainly: () => void;

  constructor(
    exchange: Exchange,
    context: RequestContext,
    error: ReverseItError,
    observer: Observer,
    fields: ReadonlyFieldSection,
    answerPlainly: () => void,
  ) {
    super();
    this.#exchange = exchange;
    this.#context = context;
    this.#error = error;
    this.#observer = observer;
    this.#fields = fields;
    this.#answerPlainly = answerPlainly;
  }

  begin(): void {
    this.#exchange.handler = this;
    this.#exchange.pauseBody();
    this.#context.beginErrorResponse(this.#error);
    this.run('onErrorResponse', this.#context.hooks.onErrorResponse);
  }

  protected get timeouts(): DeadlineQueue {
    return this.#context.hooks.timeouts;
  }

  protected call(hook: OnErrorResponse): HookAnswer | PromiseLike<HookAnswer> {
    return hook(this.#error, this.#context.request, this.#context);
  }

  protected take(answer: HookAnswer): boolean {
    if (answer === undefined || answer === null) return false;
    this.#send(answer);
    this.#context.finish(this.#error);
    return true;
  }

  #send(answer: DirectResponse): void {
    const error = this.#error;
    const { status, fields, body } = toWholeResponse(answer, 'onErrorResponse', error.status);
    // What the status asks for, such as Retry-After, unless the application says so itself.
    const standard = [...(status === error.status ? errorFields(error) : []), ...this.#fields];
    for (let i = 0; i < standard.length; i += 2) {
      const name = standard[i] as string;
      if (name === 'content-type' || hasField(fields, toLowerAscii(name))) continue;
      fields.push(name, standard[i + 1] as string);
    }
    // As for the standard response: what follows the request may be out of step.
    if (error.connection !== 'keep') this.#exchange.head.persistent = false;
    this.#exchange.respond(status, fields, body);
  }

  protected onDone(): void {
    this.#answerPlainly();
    this.#context.finish(this.#error);
  }

  protected onFailed(error: ReverseItError): void {
    const { method } = this.#exchange.head;
    this.#observer.onHookFailure(error, this.#context, method);
    this.onDone();
  }

  onBody(): void {
    // No body is asked for any more.
  }

  onBodyEnd(): void {
    // As above.
  }

  onDrain(): void {
    // Nothing has been written.
  }

  /** The client did not wait for its answer. */
  onAbort(): void {
    this.stop();
    this.#context.finish(this.#error);
  }
}
