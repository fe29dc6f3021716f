import type { Exchange } from '@reverseit/core';
import { fail } from '@reverseit/core/errors';
import { NodeExchange } from '../middleware/node-exchange.ts';
import type { NodeRequest } from '../middleware/node-messages.ts';
import type { RouteRuntime } from '../proxy/route-runtime.ts';
import type { HookContext } from './hooks.ts';

/** What the hooks of one request share. */
export class RequestContext implements HookContext {
  data: unknown = undefined;
  readonly #exchange: Exchange;
  readonly #named: ReadonlyMap<string, RouteRuntime>;
  #route: RouteRuntime;
  /** Made when it is first asked for: most requests never are. */
  #controller: AbortController | null = null;
  #over = false;

  constructor(exchange: Exchange, route: RouteRuntime, named: ReadonlyMap<string, RouteRuntime>) {
    this.#exchange = exchange;
    this.#route = route;
    this.#named = named;
  }

  get route(): string {
    return this.#route.name;
  }

  get remoteAddress(): string {
    return this.#exchange.remoteAddress;
  }

  get remotePort(): number {
    return this.#exchange.remotePort;
  }

  get encrypted(): boolean {
    return this.#exchange.encrypted;
  }

  get nodeRequest(): NodeRequest | null {
    return this.#exchange instanceof NodeExchange ? this.#exchange.nodeRequest : null;
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#over) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  useRoute(name: string): void {
    const route = this.#named.get(name);
    if (route === undefined)
      throw fail('RIT_ERR_CONFIG', `useRoute: no route has the name "${name}"`);
    this.#route = route;
  }

  /** @internal The route that serves the request. */
  get runtime(): RouteRuntime {
    return this.#route;
  }

  /** @internal The request is over. */
  end(): void {
    this.#over = true;
    this.#controller?.abort();
  }
}
