/** Spans of requests by the HTTP semantic conventions of OpenTelemetry, with whatever SDK the application has set up. */
import { createRequire } from 'node:module';
import type * as Api from '@opentelemetry/api';
import type { Exchange } from '@reverseit/core';
import { createError } from '@reverseit/core/errors';
import { type HeaderSection, parseAuthority } from '@reverseit/core/http';
import { authorityOf, clientOf } from '../hooks/client-of.ts';
import type { AccessRecord, RequestInfo } from '../hooks/hooks.ts';
import { redactedTarget } from './redacted-target.ts';

const require = createRequire(import.meta.url);

const tracerName = '@reverseit/node';

/** Methods that may be told apart; others could be made up without end. */
const knownMethods = new Set(
  'GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH QUERY'.split(' '),
);

const getter: Api.TextMapGetter<HeaderSection> = {
  keys: (headers) =>
    headers.fields.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase()),
  // A list is no traceparent, and is ignored then (W3C Trace Context §3.2).
  get: (headers, name) => {
    const values = headers.getAll(name);
    return values.length === 0 ? undefined : values.join(',');
  },
};

const setter: Api.TextMapSetter<HeaderSection> = {
  set: (headers, name, value) => headers.set(name, value),
};

/** The API of OpenTelemetry, as far as requests need it. */
export class Tracing {
  readonly #api: typeof Api;

  /** @throws ConfigError `RIT_ERR_CONFIG` where the package is missing */
  constructor() {
    try {
      this.#api = require('@opentelemetry/api') as typeof Api;
    } catch (cause) {
      const text =
        'tracing: needs the package @opentelemetry/api; run npm install @opentelemetry/api';
      throw createError('RIT_ERR_CONFIG', text, { cause });
    }
  }

  /**
   * The span of a request: below the one that is active, as in middleware, else below the client's. Null where no SDK
   * is set up, so that a span nobody hears of costs nothing.
   */
  begin(exchange: Exchange): ServerSpan | null {
    const api = this.#api;
    const tracer = this.#tracer;
    if (tracer === null) return null;
    const active = api.context.active();
    const parent =
      api.trace.getSpan(active) === undefined
        ? api.propagation.extract(api.ROOT_CONTEXT, exchange.head.headers, getter)
        : active;
    const span = tracer.startSpan(
      methodName(exchange.head.method),
      { kind: api.SpanKind.SERVER, attributes: serverAttributes(exchange) },
      parent,
    );
    return new ServerSpan(api, tracer, span, api.trace.setSpan(parent, span));
  }

  /** Asked for each time: the provider may be registered after the proxy was made. */
  get #tracer(): Api.Tracer | null {
    const api = this.#api;
    const provider = api.trace.getTracerProvider();
    return provider instanceof api.ProxyTracerProvider
      ? (provider.getDelegateTracer(tracerName) ?? null)
      : provider.getTracer(tracerName);
  }
}

/** Where an attempt goes. */
export interface AttemptTarget {
  readonly method: string;
  readonly target: string;
  /** Scheme and authority. */
  readonly backend: string;
  /** The fields that the backend gets: those of the trace are set in them. */
  readonly fields: HeaderSection;
  /** Counted from 1. */
  readonly attempt: number;
}

export class ServerSpan {
  readonly #api: typeof Api;
  readonly #tracer: Api.Tracer;
  readonly #span: Api.Span;
  readonly #context: Api.Context;

  constructor(api: typeof Api, tracer: Api.Tracer, span: Api.Span, context: Api.Context) {
    this.#api = api;
    this.#tracer = tracer;
    this.#span = span;
    this.#context = context;
  }

  /** Null where the SDK gives none. */
  get traceId(): string | null {
    const spanContext = this.#span.spanContext();
    return this.#api.isSpanContextValid(spanContext) ? spanContext.traceId : null;
  }

  /** The span of an attempt, which the backend's are to be below. */
  attempt(to: AttemptTarget): ClientSpan {
    const api = this.#api;
    const span = this.#tracer.startSpan(
      methodName(to.method),
      { kind: api.SpanKind.CLIENT, attributes: clientAttributes(to) },
      this.#context,
    );
    const context = api.trace.setSpan(this.#context, span);
    if (api.isSpanContextValid(span.spanContext())) {
      // What is invalid in the client's fields is not sent on beside what is valid.
      for (const name of api.propagation.fields()) to.fields.remove(name);
      api.propagation.inject(context, to.fields, setter);
    }
    return new ClientSpan(api, span);
  }

  end(record: AccessRecord, { requestId }: RequestInfo, routePath: string | null): void {
    const { status, errorCode, method } = record;
    const span = this.#span;
    if (routePath !== null) {
      span.setAttribute('http.route', routePath);
      span.updateName(`${methodName(method)} ${routePath}`);
    }
    if (status !== 0) span.setAttribute('http.response.status_code', status);
    if (requestId !== null) span.setAttribute('reverseit.request.id', requestId);
    if (errorCode !== null) span.setAttribute('error.type', errorCode);
    else if (status >= 500) span.setAttribute('error.type', String(status));
    // Of a client's own fault a server's span says nothing.
    if (status >= 500 || (status === 0 && errorCode !== null)) {
      span.setStatus({ code: this.#api.SpanStatusCode.ERROR });
    }
    span.end();
  }
}

export class ClientSpan {
  readonly #api: typeof Api;
  readonly #span: Api.Span;

  constructor(api: typeof Api, span: Api.Span) {
    this.#api = api;
    this.#span = span;
  }

  onResponse(status: number): void {
    this.#span.setAttribute('http.response.status_code', status);
    if (status >= 400) this.#fail(String(status));
  }

  end(errorCode: string | null): void {
    if (errorCode !== null) this.#fail(errorCode);
    this.#span.end();
  }

  #fail(type: string): void {
    this.#span.setAttribute('error.type', type);
    this.#span.setStatus({ code: this.#api.SpanStatusCode.ERROR });
  }
}

const methodName = (method: string): string => (knownMethods.has(method) ? method : 'HTTP');

function methodAttributes(method: string): Api.Attributes {
  return knownMethods.has(method)
    ? { 'http.request.method': method }
    : { 'http.request.method': '_OTHER', 'http.request.method_original': method };
}

function serverAttributes(exchange: Exchange): Api.Attributes {
  const { head, remoteAddress: peerAddress, remotePort: peerPort } = exchange;
  const [path = '', query] = splitTarget(redactedTarget(head.target));
  // As `trustedProxies` report them, like in the record.
  const { remoteAddress, encrypted: secure } = clientOf(exchange);
  const named = authorityOf(exchange);
  const authority = named === null ? null : parseAuthority(named);
  const userAgent = head.headers.get('user-agent');
  return {
    ...methodAttributes(head.method),
    'url.path': path,
    'url.scheme': secure ? 'https' : 'http',
    'network.protocol.version': head.httpVersion === '2.0' ? '2' : head.httpVersion,
    ...(query === undefined ? {} : { 'url.query': query }),
    ...(authority === null
      ? {}
      : {
          'server.address': authority.host,
          'server.port': authority.port === -1 ? (secure ? 443 : 80) : authority.port,
        }),
    ...(remoteAddress === '' ? {} : { 'client.address': remoteAddress }),
    ...(peerAddress === ''
      ? {}
      : { 'network.peer.address': peerAddress, 'network.peer.port': peerPort }),
    ...(userAgent === undefined ? {} : { 'user_agent.original': userAgent }),
  };
}

function clientAttributes({ method, target, backend, attempt }: AttemptTarget): Api.Attributes {
  const url = URL.parse(backend);
  return {
    ...methodAttributes(method),
    'url.full': backend + redactedTarget(target),
    ...(url === null
      ? {}
      : {
          'server.address': url.hostname.replace(/^\[|\]$/g, ''),
          'server.port': Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
        }),
    ...(attempt > 1 ? { 'http.request.resend_count': attempt - 1 } : {}),
  };
}

function splitTarget(target: string): [path: string, query?: string] {
  const at = target.indexOf('?');
  return at === -1 ? [target] : [target.slice(0, at), target.slice(at + 1)];
}
