/**
 * What becomes of one request, for those who follow it: OpenTelemetry, subscribers of channels, or both. There is none
 * where nobody does.
 */
import type { Channel } from 'node:diagnostics_channel';
import type { Exchange } from '@reverseit/core';
import type { ReverseItError } from '@reverseit/core/errors';
import type { HeaderSection } from '@reverseit/core/http';
import type { AttemptObserver } from '@reverseit/upstream';
import type { AccessRecord, HookRequest, RequestInfo } from '../hooks/hooks.ts';
import {
  channels,
  isObserved,
  type RequestMessage,
  type UpstreamMessage,
  type WebSocketMessage,
} from './channels.ts';
import type { ClientSpan, ServerSpan, Tracing } from './open-telemetry.ts';

/** What a trace is told of by its request. */
interface TracedContext extends RequestInfo {
  readonly request: HookRequest;
}

/** The request as its backend gets it. */
export interface TracedRequest {
  readonly method: string;
  readonly target: string;
  readonly fields: HeaderSection;
}

export class RequestTrace implements AttemptObserver {
  readonly #message: RequestMessage;
  readonly #span: ServerSpan | null;
  #request: TracedRequest | null = null;
  #backend = '';
  #attempts = 0;
  #attempt: UpstreamMessage | null = null;
  #attemptSpan: ClientSpan | null = null;
  #webSocket: WebSocketMessage | null = null;

  /** Null where nobody follows the request. `tracing` is null without OpenTelemetry. */
  static of(
    exchange: Exchange,
    context: TracedContext,
    tracing: Tracing | null,
  ): RequestTrace | null {
    const span = tracing === null ? null : tracing.begin(exchange);
    return span !== null || isObserved() ? new RequestTrace(context, span) : null;
  }

  private constructor(context: TracedContext, span: ServerSpan | null) {
    this.#span = span;
    this.#message = {
      // Made when somebody looks.
      get request(): HookRequest {
        return context.request;
      },
      context,
      record: null,
      error: null,
    };
  }

  /** Null without OpenTelemetry. */
  get traceId(): string | null {
    return this.#span === null ? null : this.#span.traceId;
  }

  /** The request begins: its context is complete. */
  begin(): void {
    publish(channels.requestStart, this.#message);
  }

  /** It is about to be sent to a backend of that origin; empty where one of several is to be chosen. */
  asking(request: TracedRequest, backend: string): void {
    this.#request = request;
    this.#backend = backend;
  }

  /** One of several backends was chosen. */
  chose(backend: string): void {
    this.#backend = backend;
  }

  onAttempt(reused: boolean): void {
    this.onAttemptEnd(null);
    const attempt = ++this.#attempts;
    const backend = this.#backend;
    this.#attempt = {
      request: this.#message,
      backend,
      attempt,
      reused,
      status: 0,
      error: null,
    };
    if (this.#span !== null && this.#request !== null) {
      const { method, target, fields } = this.#request;
      this.#attemptSpan = this.#span.attempt({ method, target, fields, backend, attempt });
    }
    publish(channels.upstreamStart, this.#attempt);
  }

  onAttemptResponse(status: number): void {
    const attempt = this.#attempt;
    if (attempt === null) return;
    attempt.status = status;
    this.#attemptSpan?.onResponse(status);
    publish(channels.upstreamResponse, attempt);
  }

  onAttemptEnd(error: ReverseItError | null): void {
    const attempt = this.#attempt;
    if (attempt === null) return;
    this.#attempt = null;
    attempt.error = error;
    this.#attemptSpan?.end(error === null ? null : error.code);
    this.#attemptSpan = null;
    if (error !== null) publish(channels.upstreamError, attempt);
    publish(channels.upstreamFinish, attempt);
  }

  /** A WebSocket is open. */
  onWebSocket(): void {
    this.#webSocket = { request: this.#message, error: null };
    publish(channels.websocketOpen, this.#webSocket);
  }

  /** The request is over. `routePath` of the route that served it, or null. */
  end(record: AccessRecord, routePath: string | null): void {
    this.onAttemptEnd(null);
    const message = this.#message;
    const { error } = record;
    message.record = record;
    message.error = error;
    if (this.#webSocket !== null) {
      this.#webSocket.error = error;
      publish(channels.websocketClose, this.#webSocket);
    }
    if (error !== null) publish(channels.requestError, message);
    publish(channels.requestFinish, message);
    this.#span?.end(record, message.context, routePath);
  }
}

/** Subscribers that throw are reported by Node as uncaught exceptions, and harm no request. */
function publish(channel: Channel, message: object): void {
  if (channel.hasSubscribers) channel.publish(message);
}
