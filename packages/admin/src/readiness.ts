/** Whether the proxy should get requests. */
import type { ProxyStats } from './stats.ts';

export interface Readiness {
  readonly ready: boolean;
  /** One line for a person. */
  readonly reason: string;
}

/** Not while it starts or drains, nor while every backend that has a state is down. */
export function readiness({ state, backends, processes }: ProxyStats): Readiness {
  if (state === 'draining') return { ready: false, reason: 'draining' };
  if (!processes.some((process) => process.state === 'listening')) {
    return { ready: false, reason: 'not listening' };
  }
  const isUp = ({ states }: ProxyStats['backends'][number]): boolean =>
    (states.healthy ?? 0) + (states.warming ?? 0) > 0;
  if (backends.length > 0 && !backends.some(isUp)) {
    return { ready: false, reason: 'no healthy backend' };
  }
  return { ready: true, reason: 'ok' };
}
