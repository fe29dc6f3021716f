/** The proxy, or the cluster, that an admin listener shows and acts on. */
import type { ProxyStats } from './stats.ts';

export interface AdminTarget {
  stats(): ProxyStats | Promise<ProxyStats>;
  /** Whether it closes, or is about to: `/readyz` says so at once, however old its figures are. */
  isDraining(): boolean;
  /**
   * Gives a backend no new requests.
   * @throws ConfigError `RIT_ERR_CONFIG` where none has the name
   */
  drain(backend: string): void | Promise<void>;
  /**
   * Ends `drain`, and an ejection.
   * @throws ConfigError `RIT_ERR_CONFIG` where none has the name
   */
  enable(backend: string): void | Promise<void>;
  /** Reads the configuration again and applies it; null where nobody can. `asker`: the address of who wants it. */
  readonly reload: ((asker: string) => void | Promise<void>) | null;
}
