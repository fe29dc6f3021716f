/**
 * A backend's response while `onResponse` runs: what comes of its body waits for what the hooks make of its
 * head.
 */
import type { DeadlineQueue } from '@reverseit/core/deadlines';
import type { ReverseItError } from '@reverseit/core/errors';
import { type FieldSection, HeaderSection } from '@reverseit/core/http';
import type { UpstreamResponseHead } from '@reverseit/upstream';
import { toWholeResponse } from '../../hooks/direct-response.ts';
import { HookChain } from '../../hooks/hook-chain.ts';
import { ResponseView } from '../../hooks/hook-response.ts';
import type { DirectResponse, OnResponse } from '../../hooks/hooks.ts';
import type { RequestContext } from '../runtime/request-context.ts';

// biome-ignore lint/suspicious/noConfusingVoidType: what a hook that replaces nothing returns
type HookAnswer = DirectResponse | void;

/** Whose response it is. */
export interface HookedResponseOwner {
  /** The response has to wait: no more of it is wanted than what is on its way. */
  onHookWait(): void;
  /** The hooks have run. */
  onHooked(response: HookedResponse): void;
  onHookFailed(error: ReverseItError): void;
}

export class HookedResponse extends HookChain<OnResponse, HookAnswer> {
  readonly head: UpstreamResponseHead;
  /** What the hooks see and change. */
  view: ResponseView;
  /** The body that has replaced the backend's; null where none has. */
  replacement: string | Uint8Array | null = null;
  /** What came while a hook was waited for: at most one read's worth, since the backend is paused. */
  readonly chunks: Buffer[] = [];
  /** Set once the response is complete. */
  trailers: FieldSection | null = null;
  readonly #context: RequestContext;
  readonly #owner: HookedResponseOwner;

  /** `headers` are those for the client, which the hooks may change. */
  constructor(
    head: UpstreamResponseHead,
    headers: HeaderSection,
    context: RequestContext,
    owner: HookedResponseOwner,
  ) {
    super();
    this.head = head;
    this.view = new ResponseView(head.status, headers);
    this.#context = context;
    this.#owner = owner;
  }

  begin(): void {
    this.run('onResponse', this.#context.hooks.onResponse);
  }

  onData(chunk: Buffer): void {
    this.chunks.push(chunk);
  }

  onEnd(trailers: FieldSection): void {
    this.trailers = trailers;
  }

  /** The response is wanted no more. */
  cancel(): void {
    this.stop();
  }

  protected get timeouts(): DeadlineQueue {
    return this.#context.hooks.timeouts;
  }

  protected call(hook: OnResponse): HookAnswer | PromiseLike<HookAnswer> {
    return hook(this.view, this.#context.ofRoute);
  }

  /** The hooks that are left see the response that replaces the backend's. */
  protected take(answer: HookAnswer): boolean {
    if (answer === undefined || answer === null) return false;
    const { status, fields, body } = toWholeResponse(answer, 'onResponse');
    this.view = new ResponseView(status, HeaderSection.parsed(fields));
    this.replacement = body;
    return false;
  }

  protected override onWait(): void {
    this.#owner.onHookWait();
  }

  protected onDone(): void {
    this.#owner.onHooked(this);
  }

  protected onFailed(error: ReverseItError): void {
    this.#owner.onHookFailed(error);
  }
}
