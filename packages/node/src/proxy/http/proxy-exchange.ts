/**
 * One request on its way through: the client's exchange on one side, the backend's on the other, and
 * back-pressure between them.
 */
import type { Exchange, ExchangeHandler } from '@reverseit/core';
import { createError, type ReverseItError } from '@reverseit/core/errors';
import {
  type FieldSection,
  forwardableTrailers,
  HeaderSection,
  type ReadonlyFieldSection,
} from '@reverseit/core/http';
import { httpDate } from '@reverseit/core/internal/server';
import type {
  BodySource,
  ChosenBackend,
  ClientConnection,
  CollectedBody,
  DispatchLimits,
  OriginPool,
  ResponseHandler,
  UpstreamExchange,
  UpstreamRequest,
  UpstreamResponseHead,
} from '@reverseit/upstream';
import type { Recorder } from '../../hooks/recorder.ts';
import type { RequestTrace } from '../../tracing/request-trace.ts';
import type { PublicPlace } from '../headers/location-rewrite.ts';
import { mapDestination, publicPlace } from '../headers/public-place.ts';
import { type PublicMapper, responseHeaders } from '../headers/response-rewrite.ts';
import { answerError } from '../runtime/answer-error.ts';
import type { ChosenUrl } from '../runtime/chosen-origins.ts';
import type { RequestContext } from '../runtime/request-context.ts';
import type { RouteRuntime } from '../runtime/route-runtime.ts';
import { bindingCookie, boundBackend, hashKeyOf } from './backend-affinity.ts';
import { DiscardedResponse, maxDiscarded } from './discarded-response.ts';
import { HookedResponse, type HookedResponseOwner } from './hooked-response.ts';
import { RequestBody, type RequestBodyDelegate } from './request-body.ts';

export class ProxyExchange
  implements
    ExchangeHandler,
    ResponseHandler,
    UpstreamRequest,
    RequestBodyDelegate,
    HookedResponseOwner,
    PublicMapper
{
  // The request as the pool takes it.
  readonly method: string;
  target: string;
  readonly fields: HeaderSection;
  body: Buffer | CollectedBody | BodySource | null = null;
  /** Who follows its attempts; mostly null. */
  readonly observer: RequestTrace | null;

  protected readonly exchange: Exchange;
  protected readonly route: RouteRuntime;
  /** What the hooks of the request share; null where nobody wants it. */
  protected readonly context: RequestContext | null;
  protected readonly recorder: Recorder | null;
  /** The one of several backends that was chosen; null where there is one. */
  #chosen: ChosenBackend | null = null;
  /** What takes the response in place of the client: hooks that still run, or nobody any more. */
  #aside: HookedResponse | DiscardedResponse | null = null;
  #upstream: UpstreamExchange | null = null;
  /** Of the request, on its way; null where it has none. */
  readonly #body: RequestBody | null;
  #over = false;

  constructor(
    exchange: Exchange,
    route: RouteRuntime,
    target: string,
    fields: HeaderSection,
    context: RequestContext | null,
  ) {
    const { head } = exchange;
    this.exchange = exchange;
    this.route = route;
    this.context = context;
    this.recorder = context === null ? null : context.recorder;
    this.observer = context === null ? null : context.trace;
    this.method = head.method;
    this.target = target;
    this.fields = fields;
    this.#body = exchange.requestComplete
      ? null
      : new RequestBody(exchange, route, this.recorder, this);
  }

  /** Asked for where the body goes out in chunks. */
  get trailer(): string | null {
    return this.route.request.trailerNames(this.exchange.head);
  }

  get client(): ClientConnection | null {
    return this.exchange.client;
  }

  // ————— One of several backends.

  /** Name of the one that `chooseBackend` named. */
  get backendName(): string | null {
    return this.context === null ? null : this.context.backendName;
  }

  /** What consistent hashing goes by. */
  get hashKey(): string {
    return hashKeyOf(this.exchange, this.route);
  }

  /** What the client's cookie says of the backend that it had. */
  get affinityId(): string | null {
    return boundBackend(this.exchange, this.route);
  }

  forBackend(backend: ChosenBackend): this {
    const { head } = this.exchange;
    const rules = this.route.rulesFor(backend);
    this.#chosen = backend;
    this.target = rules.target.apply(head.target);
    this.route.request.nameBackend(this.fields, head, backend.authority);
    mapDestination(this.fields, this.exchange, rules.target, rules.locations);
    this.recorder?.chose(rules.origin);
    this.observer?.chose(rules.origin);
    return this;
  }

  /** Binds the client to the backend that it got, if its cookie does not already. */
  protected bindingCookie(): string | null {
    const chosen = this.#chosen;
    // What a hook chooses is its business each time.
    if (chosen === null || this.backendName !== null) return null;
    return bindingCookie(this.exchange, this.route, chosen);
  }

  /** Sends the request on, at once or when its body has been collected. */
  begin(): void {
    // Step 5: the body.
    if (this.#body === null) this.#dispatch();
    else this.#body.begin();
  }

  // ————— The request's body.

  onBody(chunk: Buffer): void {
    this.#body?.onBody(chunk);
  }

  onBodyAnnounced(length: number): void {
    this.#body?.onBodyAnnounced(length);
  }

  onBodyEnd(trailers: FieldSection): void {
    this.#body?.onBodyEnd(trailers);
  }

  onBodyReady(body: Buffer | CollectedBody | BodySource): void {
    this.body = body;
    this.#dispatch();
  }

  onBodyRefused(error: ReverseItError): void {
    this.#fail(error);
  }

  // ————— The backend.

  #dispatch(): void {
    const { origin, limits, backendOrigin } = this.route;
    const chosen = this.context === null ? null : this.context.chosenUrl;
    if (chosen !== null) {
      this.#sendToUrl(chosen);
      return;
    }
    if (origin === null)
      throw createError('RIT_ERR_INTERNAL', 'a request was forwarded to a route without backend');
    // Step 6: the backend.
    this.recorder?.asking(backendOrigin);
    this.observer?.asking(this, backendOrigin);
    this.#upstream =
      this.route.group === null ? this.send(origin, limits) : this.#sendToOne(origin);
    if (this.#upstream !== null) this.recorder?.asked(this.#upstream);
  }

  /** Asks the backend that `chooseBackend` named by URL. */
  #sendToUrl(chosen: ChosenUrl): void {
    try {
      this.recorder?.asking('');
      this.observer?.asking(this, '');
      this.forBackend(chosen);
      const upstream = this.send(chosen.way, this.route.limits);
      this.#upstream = upstream;
      this.recorder?.asked(upstream);
    } catch (cause) {
      this.#fail(cause);
    }
  }

  /** Asks one of several. What decides which one may be the application's, and fail. */
  #sendToOne(origin: OriginPool): UpstreamExchange | null {
    try {
      return this.send(origin, this.route.limits);
    } catch (cause) {
      this.#fail(cause);
      return null;
    }
  }

  /** Asks the backend. */
  protected send(origin: OriginPool, limits: DispatchLimits): UpstreamExchange {
    return origin.dispatch(this, limits, this);
  }

  onInterim(status: number, fields: ReadonlyFieldSection): void {
    // RFC 9110 §15.2: all of them, known or not.
    const received = {
      status,
      headers: HeaderSection.parsed([...fields]),
      httpVersion: '1.1',
    } as const;
    const headers = responseHeaders(received, false, null, false);
    this.exchange.sendInterim(status, headers.fields);
  }

  onHead(head: UpstreamResponseHead): void {
    // Step 7: the response's head.
    this.recorder?.answered();
    const { status, reason } = head;
    const { options, hooks, shared } = this.route;
    const context = hooks.onResponse.length === 0 ? null : this.context;
    const mapper = this.mapper;
    // What has no length goes out in chunks, but for clients of HTTP/1.0.
    const mayTrail = head.contentLength === null && this.exchange.head.minorVersion === 1;
    const { via } = options;
    const headers = responseHeaders(head, via, httpDate(), mayTrail, mapper);
    if (shared.proxyStatus !== null) {
      headers.appendChecked('proxy-status', shared.proxyStatus.received(status));
    }
    const cookie = this.bindingCookie();
    if (cookie !== null) headers.append('set-cookie', cookie);
    // That of the exchange takes its place, unless a hook sets one.
    if (this.exchange.addedHeader !== null) headers.remove(this.exchange.addedHeader.name);
    if (context === null) this.exchange.sendHead(status, reason, headers, head.contentLength);
    else {
      const hooked = new HookedResponse(head, headers, context, this);
      this.#aside = hooked;
      hooked.begin();
    }
  }

  /** Who makes the response public; null where it stays as it is. */
  protected get mapper(): PublicMapper | null {
    const { locations, cookies } = this.#rules;
    return locations === null && cookies === null ? null : this;
  }

  /** For the backend that was chosen, or is the only one. */
  get #rules(): Pick<RouteRuntime, 'locations' | 'cookies'> {
    const chosen = this.#chosen;
    return chosen === null ? this.route : this.route.rulesFor(chosen);
  }

  // PublicMapper: what is the backend's own becomes the client's, before hooks see it.

  publicLocation(url: string): string {
    const { locations } = this.#rules;
    return locations === null ? url : locations.apply(url, this.#place);
  }

  publicRefresh(value: string): string {
    const { locations } = this.#rules;
    return locations === null ? value : locations.refresh(value, this.#place);
  }

  publicCookie(value: string): string {
    const { cookies } = this.#rules;
    return cookies === null ? value : cookies.apply(value, this.#place);
  }

  get #place(): PublicPlace {
    return publicPlace(this.exchange, this.route.target);
  }

  onHookWait(): void {
    this.#upstream?.pause();
  }

  onHooked(response: HookedResponse): void {
    this.#aside = null;
    try {
      if (response.replacement === null) this.#sendHooked(response);
      else this.#replace(response, response.replacement);
    } catch (cause) {
      this.#fail(cause);
    }
  }

  #sendHooked({ head, view, chunks, trailers }: HookedResponse): void {
    const { status } = view;
    const reason = status === head.status ? head.reason : '';
    const headers = view.seal(this.method, head.contentLength);
    this.exchange.sendHead(status, reason, headers, head.contentLength);
    for (const chunk of chunks) this.exchange.write(chunk);
    if (trailers !== null) this.onEnd(trailers);
    else if (!this.exchange.needsDrain) this.#upstream?.resume();
  }

  /** Sends another response than the backend's, whose connection goes on if that costs little. */
  #replace({ head, view, chunks, trailers }: HookedResponse, body: string | Uint8Array): void {
    this.exchange.respond(view.status, view.sealWhole(), body);
    this.#finish();
    this.context?.finish(null);
    const upstream = this.#upstream;
    if (upstream === null || trailers !== null) return;
    const wantsMore = this.#body?.complete === false;
    if (wantsMore || (head.contentLength ?? 0) > maxDiscarded) upstream.abort();
    else {
      const discarded = new DiscardedResponse(upstream, this.route.shared.deadlines);
      this.#aside = discarded;
      for (const chunk of chunks) discarded.onData(chunk);
      upstream.resume();
    }
  }

  onHookFailed(error: ReverseItError): void {
    this.#fail(error);
  }

  onData(chunk: Buffer): void {
    // Step 8: the response body.
    if (this.#aside !== null) this.#aside.onData(chunk);
    else if (!this.exchange.write(chunk)) this.#upstream?.pause();
    else if (this.exchange.isFlushed) this.#upstream?.releaseChunk();
  }

  onEnd(trailers: FieldSection): void {
    if (this.#aside !== null) {
      this.#aside.onEnd(trailers);
      return;
    }
    // Step 9: the end.
    this.#finish();
    this.exchange.end(trailers.length === 0 ? trailers : forwardableTrailers(trailers));
    this.context?.finish(null);
  }

  onError(error: ReverseItError): void {
    if (this.#over) {
      // Of a response that is only dropped.
      if (this.#aside !== null) this.#aside.onEnd([]);
      return;
    }
    this.#finish();
    this.#answer(error);
  }

  // ————— The client.

  onDrain(): void {
    if (this.#aside === null) this.#upstream?.resume();
  }

  onAbort(error: ReverseItError): void {
    if (this.#over) return;
    this.#finish();
    this.#upstream?.abort();
    if (this.context !== null) this.context.finish(error);
    else {
      const info = { route: this.route.name, requestId: null };
      this.route.shared.observer.onFailure(error, info, this.method);
    }
  }

  onFault(error: ReverseItError): boolean {
    this.#fail(error);
    return true;
  }

  #fail(cause: unknown): void {
    if (this.#over) return;
    this.#finish();
    this.#upstream?.abort();
    this.#answer(cause);
  }

  #answer(cause: unknown): void {
    answerError(this.route.shared, this.exchange, this.route, this.context, cause);
  }

  /** The backend has switched protocols: nothing of request and response is to come. */
  protected onSwitched(): void {
    this.#over = true;
    this.body = null;
    this.#body?.finish();
  }

  #finish(): void {
    this.#over = true;
    this.#body?.finish();
    if (this.#aside instanceof HookedResponse) this.#aside.cancel();
    this.#aside = null;
  }
}
