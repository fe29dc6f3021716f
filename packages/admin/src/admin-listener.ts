/**
 * The admin listener: figures, probes and actions of a proxy, over HTTP. It has limits, connections and a share of
 * the event loop of its own, so that who is rude to it harms nobody else.
 */
import {
  createHttpServer,
  type Exchange,
  type HttpServer,
  type ListenTarget,
} from '@reverseit/core';
import { isReverseItError } from '@reverseit/core/errors';
import {
  type AccessRequest,
  type AccessRules,
  hasToken,
  isEmbedded,
  isForeign,
  isOwnHost,
} from './access.ts';
import { EventFeed } from './event-feed.ts';
import { pageFile, pageHeaders } from './page.ts';
import { prefersOpenMetrics } from './prometheus-text.ts';
import { readiness } from './readiness.ts';
import { Scrape } from './scrape.ts';
import { SharedStats } from './shared-stats.ts';
import type { ProxyStats } from './stats.ts';
import type { AdminTarget } from './target.ts';

/** Where and for whom. */
export interface AdminListenerOptions extends AccessRules {}

/** An admin listener. */
export interface AdminListener {
  /** @throws ConfigError `RIT_ERR_LISTEN` where the address cannot be had */
  listen(target: ListenTarget): Promise<void>;
  address(): ReturnType<HttpServer['address']>;
  /** From the next request on. */
  update(options: AdminListenerOptions): void;
  /** Ends streams of events, lets other responses finish for a second, and closes. */
  close(): Promise<void>;
}

/** Makes an admin listener. It opens nothing before `listen`. */
export function createAdminListener(
  options: AdminListenerOptions,
  target: AdminTarget,
): AdminListener {
  return new Listener(options, target);
}

/**
 * Small: probes, a scraper or two, and a few people. Who holds connections keeps none of them for long without a request,
 * so that probes get theirs.
 */
const limits = {
  maxConnections: 512,
  maxRequestsPerConnection: 10_000,
  maxRequestHeaderBytes: 16_384,
  maxRequestHeaders: 64,
  maxRequestTargetBytes: 2048,
  requestHeaderTimeout: 5000,
  keepAliveTimeout: 5000,
  responseSendTimeout: 10_000,
} as const;

const closeTimeout = 1000;

/** What can be done to a backend. */
const action = /^\/backends\/([^/]+)\/(drain|enable)$/;

const isAction = (path: string): boolean => path === '/reload' || action.test(path);

const plain = [
  'content-type',
  'text/plain; charset=utf-8',
  'cache-control',
  'no-store',
  'x-content-type-options',
  'nosniff',
];

/** What is answered. */
interface Answer {
  readonly status: number;
  readonly fields: readonly string[];
  readonly body: string | Buffer;
}

type Handler = (exchange: Exchange) => Answer | Promise<Answer>;

class Listener implements AdminListener {
  #options: AdminListenerOptions;
  readonly #target: AdminTarget;
  readonly #server: HttpServer;
  readonly #stats: SharedStats;
  readonly #feed: EventFeed;
  readonly #prometheus: Scrape;
  readonly #openMetrics: Scrape;
  readonly #gets: Readonly<Record<string, Handler>> = {
    '/livez': () => text(200, 'ok\n'),
    '/readyz': async () =>
      this.#target.isDraining()
        ? text(503, 'draining\n')
        : readinessAnswer(await this.#stats.recent()),
    '/metrics': async ({ head }) => {
      const accept = head.headers.getAll('accept').join(',');
      const scrape = prefersOpenMetrics(accept) ? this.#openMetrics : this.#prometheus;
      const { type, body } = await scrape.text();
      return { status: 200, fields: ['content-type', type, ...plain.slice(2)], body };
    },
    '/stats': async () => json(await this.#stats.current()),
    '/backends': async () => json((await this.#stats.current()).backends),
  };

  constructor(options: AdminListenerOptions, target: AdminTarget) {
    this.#options = options;
    this.#target = target;
    this.#stats = new SharedStats(() => target.stats());
    this.#feed = new EventFeed(() => this.#stats.current());
    this.#prometheus = new Scrape(this.#stats, false);
    this.#openMetrics = new Scrape(this.#stats, true);
    this.#server = createHttpServer({ ...limits, onError: ignore }, (exchange) =>
      this.#serve(exchange),
    );
  }

  async listen(target: ListenTarget): Promise<void> {
    await this.#server.listen(target);
  }

  address(): ReturnType<HttpServer['address']> {
    return this.#server.address();
  }

  update(options: AdminListenerOptions): void {
    this.#options = options;
  }

  async close(): Promise<void> {
    this.#feed.close();
    await this.#server.close({ timeout: closeTimeout });
  }

  #serve(exchange: Exchange): void {
    const { head } = exchange;
    const request = accessRequest(exchange);
    const path = head.target.replace(/\?.*$/s, '');
    const isProbe = path === '/livez' || path === '/readyz';
    if (!isOwnHost(this.#options, request.authority)) {
      send(exchange, unknownHost);
    } else if (head.method === 'POST') this.#act(exchange, request, path);
    else if (head.method !== 'GET' && head.method !== 'HEAD') {
      send(exchange, this.#otherwise(path));
    } else if (isEmbedded(request)) send(exchange, foreign);
    else if (isProbe || hasToken(this.#options, request)) this.#show(exchange, path);
    else this.#showPage(exchange, path, unauthorized);
  }

  #show(exchange: Exchange, path: string): void {
    if (path === '/events') {
      if (exchange.head.method === 'HEAD') this.#feed.showHead(exchange);
      else if (!this.#feed.add(exchange)) send(exchange, busy);
      return;
    }
    const handler = Object.hasOwn(this.#gets, path) ? this.#gets[path] : undefined;
    if (isAction(path)) send(exchange, notAllowed('POST'));
    else if (handler === undefined) this.#showPage(exchange, path, notFound);
    else answerWith(exchange, handler);
  }

  /** The page holds no figure, and asks for the token by itself. */
  #showPage(exchange: Exchange, path: string, otherwise: Answer): void {
    const file = pageFile(path);
    if (file === undefined) send(exchange, otherwise);
    else {
      const fields = ['content-type', file.type, ...pageHeaders.flat()];
      send(exchange, { status: 200, fields, body: file.body });
    }
  }

  #act(exchange: Exchange, request: AccessRequest, path: string): void {
    if (isForeign(request)) send(exchange, foreign);
    else if (!hasToken(this.#options, request)) send(exchange, unauthorized);
    else if (path === '/reload') answerWith(exchange, () => this.#reload(exchange));
    else {
      const [, name = '', verb] = action.exec(path) ?? [];
      const backend = decoded(name);
      if (verb === undefined || backend === null) {
        send(exchange, verb === undefined ? this.#otherwise(path) : notFound);
        return;
      }
      const act = async (): Promise<Answer> => {
        await (verb === 'drain' ? this.#target.drain(backend) : this.#target.enable(backend));
        this.#stats.forget();
        return text(200, `${backend}: ${verb === 'drain' ? 'draining' : 'enabled'}\n`);
      };
      // What a name can be at fault for is that nobody has it.
      answerWith(exchange, act, 404);
    }
  }

  /** To a method that a path does not have. */
  #otherwise(path: string): Answer {
    if (isAction(path)) return notAllowed('POST');
    const isShown =
      path === '/events' || Object.hasOwn(this.#gets, path) || pageFile(path) !== undefined;
    return isShown ? notAllowed('GET, HEAD') : notFound;
  }

  async #reload({ remoteAddress }: Exchange): Promise<Answer> {
    const { reload } = this.#target;
    if (reload === null) return text(501, 'nothing to reload; set the option admin.onReload\n');
    await reload(remoteAddress === '' ? 'a Unix socket' : remoteAddress);
    this.#stats.forget();
    return text(200, 'reloaded\n');
  }
}

function accessRequest({ head }: Exchange): AccessRequest {
  return {
    method: head.method,
    authority: head.authority,
    field(name) {
      const values = head.headers.getAll(name);
      return values.length === 0 ? null : values.join(', ');
    },
  };
}

/**
 * Answers now or later.
 * @param status of what is the request's fault, as the error says; anything else is ours
 */
function answerWith(exchange: Exchange, handler: Handler, status = 400): void {
  exchange.handler = waiting;
  Promise.resolve()
    .then(() => handler(exchange))
    .catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      return text(statusOf(error, status), `${message}\n`);
    })
    .then((answer) => send(exchange, answer));
}

function statusOf(error: unknown, status: number): number {
  if (!isReverseItError(error)) return 500;
  if (error.code === 'RIT_ERR_CONFIG') return status;
  return error.code === 'RIT_ERR_SHUTDOWN' ? 503 : 500;
}

function send(exchange: Exchange, answer: Answer): void {
  if (exchange.done) return;
  // Whoever is refused has nothing to keep a connection for.
  if (refusals.has(answer)) exchange.head.persistent = false;
  exchange.respond(answer.status, answer.fields, answer.body);
}

const text = (status: number, body: string): Answer => ({ status, fields: plain, body });

const json = (value: unknown): Answer => ({
  status: 200,
  fields: ['content-type', 'application/json', ...plain.slice(2)],
  body: JSON.stringify(value),
});

function readinessAnswer(stats: ProxyStats): Answer {
  const { ready, reason } = readiness(stats);
  return text(ready ? 200 : 503, `${reason}\n`);
}

const unknownHost = text(421, 'unknown Host; see the option admin.hosts\n');

const notFound = text(404, 'not found\n');

const foreign = text(403, 'refused: sent by another site\n');

const unauthorized: Answer = {
  status: 401,
  fields: [...plain, 'www-authenticate', 'Bearer realm="reverseit"'],
  body: 'a token is required: Authorization: Bearer …\n',
};

const busy: Answer = {
  status: 503,
  fields: [...plain, 'retry-after', '5'],
  body: 'too many readers\n',
};

const refusals: ReadonlySet<Answer> = new Set([unknownHost, foreign, unauthorized, busy]);

const notAllowed = (allow: string): Answer => ({
  status: 405,
  fields: [...plain, 'allow', allow],
  body: 'method not allowed\n',
});

/** Null where it is not percent-encoded as it should be. */
function decoded(name: string): string | null {
  try {
    return decodeURIComponent(name);
  } catch {
    return null;
  }
}

function ignore(): void {
  // Who sends nonsense here has been answered.
}

/** Of an exchange whose answer is being made: its content is not wanted. */
const waiting = {
  onBody: ignore,
  onBodyEnd: ignore,
  onDrain: ignore,
  onAbort: ignore,
};
