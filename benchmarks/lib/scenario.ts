/** What a scenario is: work that is done against a target, and what it needs. */
import type { LoadResult } from '../load/http.ts';
import type { Subject } from './processes.ts';
import type { Need, Target } from './targets.ts';

/** Where TLS is spoken. */
export type SecureSide = 'none' | 'listener' | 'backend';

/** Who speaks HTTP/2 with the proxy: clients, over a TLS listener by ALPN, or backends, in the clear. */
export type Http2Side = 'none' | 'clients' | 'backends';

export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** What one unit of work is. */
  readonly unit: 'request' | 'message';
  /** Units in a round, or seconds of a `timed` one; as many warm up. */
  readonly amount: number;
  /** Whether a round is a time instead of an amount of work. */
  readonly timed: boolean;
  /** Seconds that a target takes for a round, roughly: only the estimate of the time left rests on it. */
  readonly seconds: number;
  readonly needs: readonly Need[];
  /** Why nobody can be measured here: a program that is missing. Null where nothing is. */
  readonly lack: string | null;
  /** Routes to set up; 0 for none. */
  readonly routes: number;
  readonly secure: SecureSide;
  readonly http2: Http2Side;
  /** Targets beside the usual ones. */
  readonly more: readonly Target[];
  /** @throws where what comes back, or what the backend gets, is not right */
  check(port: number): Promise<void>;
  /** What stands beside the load of a round; answers how it ends. */
  open?(port: number): Promise<() => void>;
  run(subject: Subject, amount: number): Promise<LoadResult>;
}
