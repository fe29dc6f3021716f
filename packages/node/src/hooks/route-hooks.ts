/** The hooks of a route in the order in which they run, worked out once. */
import type { DeadlineQueue } from '@reverseit/core/deadlines';
import type {
  ChooseBackend,
  OnErrorResponse,
  OnFinish,
  OnRequest,
  OnResponse,
  Respond,
} from './hooks.ts';

/** Hooks that run around each other: those beside `routes`, and within them those of a route. */
export interface RingHooks {
  readonly onRequest: readonly OnRequest[];
  readonly onResponse: readonly OnResponse[];
  readonly onErrorResponse: readonly OnErrorResponse[];
  readonly onFinish: readonly OnFinish[];
}

/** Those of a route, with what decides who answers. */
export interface OwnHooks extends RingHooks {
  readonly respond: Respond | null;
  readonly chooseBackend: ChooseBackend | null;
}

/**
 * Hooks beside `routes` are the outer ring: the first to see a request, and the last to see what came of it.
 */
export class RouteHooks {
  readonly outerRequest: readonly OnRequest[];
  readonly ownRequest: readonly OnRequest[];
  /** At most one. */
  readonly respond: readonly Respond[];
  /** At most one. */
  readonly chooseBackend: readonly ChooseBackend[];
  readonly onResponse: readonly OnResponse[];
  readonly onErrorResponse: readonly OnErrorResponse[];
  readonly onFinish: readonly OnFinish[];
  /** How long one that returns a promise is waited for. */
  readonly timeouts: DeadlineQueue;
  /** Whether hooks run before a request is sent on. */
  readonly beforeRequest: boolean;

  /** `own` is null where no route serves a request. */
  constructor(outer: RingHooks, own: OwnHooks | null, timeouts: DeadlineQueue) {
    this.outerRequest = outer.onRequest;
    this.ownRequest = own === null ? [] : own.onRequest;
    this.respond = own === null || own.respond === null ? [] : [own.respond];
    this.chooseBackend = own === null || own.chooseBackend === null ? [] : [own.chooseBackend];
    this.onResponse = [...(own?.onResponse ?? []), ...outer.onResponse];
    this.onErrorResponse = [...(own?.onErrorResponse ?? []), ...outer.onErrorResponse];
    this.onFinish = [...(own?.onFinish ?? []), ...outer.onFinish];
    this.timeouts = timeouts;
    this.beforeRequest =
      this.outerRequest.length +
        this.ownRequest.length +
        this.respond.length +
        this.chooseBackend.length >
      0;
  }
}
