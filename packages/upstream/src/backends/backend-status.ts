/** What a group says of its backends. */
import type { BackendStateName } from './health/backend-state.ts';

export type { BackendStateName } from './health/backend-state.ts';

/** One backend at this moment; fields that begin with `total` count since it joined. */
export interface BackendStatus {
  readonly name: string;
  readonly url: string;
  readonly state: BackendStateName;
  /** Why it was last found unhealthy or ejected; null where it never was. */
  readonly reason: string | null;
  /** When its ejection ends; null while it is not ejected. */
  readonly ejectedUntil: Date | null;
  readonly weight: number;
  readonly backup: boolean;
  /** Requests under way, open WebSockets among them. */
  readonly active: number;
  readonly totalRequests: number;
  /** Of these, those whose backend failed. */
  readonly totalFailures: number;
  /** Of these, those that followed a failed attempt of the same request. */
  readonly totalRetries: number;
  readonly totalEjections: number;
  /** Health checks that it passed. */
  readonly totalChecksPassed: number;
  readonly totalChecksFailed: number;
  /** Time to the response head in ms, as a peak EWMA; null before the first response. */
  readonly latency: number | null;
}

/** A change of a backend's state. */
export interface BackendStateChange {
  readonly name: string;
  readonly url: string;
  readonly state: BackendStateName;
  readonly previous: BackendStateName;
  /** Why it is unhealthy or ejected; null otherwise. */
  readonly reason: string | null;
}
