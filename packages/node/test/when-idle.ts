/** Waits until nothing is under way: what every rig of a proxy asks for in the end. */
import { eventually } from '@reverseit/test-servers';
import type { EngineStats } from '../src/index.ts';

/** A server, or a handler, which knows nothing of connections to clients. */
export interface Measured {
  stats(): EngineStats & { readonly activeExchanges: number; readonly connections?: number };
}

/**
 * Waits until no client is connected, no request, WebSocket or tunnel is under way, and no connection to a
 * backend is open but idle ones: no slot is lost.
 */
export async function whenIdle(subject: Measured): Promise<void> {
  const left = (): string[] => {
    const { connections = 0, activeExchanges, webSockets, tunnels, pools } = subject.stats();
    const found = [
      `${connections} clients`,
      `${activeExchanges} exchanges`,
      `${webSockets} WebSockets`,
      `${tunnels} tunnels`,
    ];
    for (const { active, waiting, switched, open, idle } of pools) {
      found.push(`${active} active`, `${waiting} waiting`, `${switched} switched`);
      found.push(`${open - idle} open and not idle`);
    }
    return found.filter((text) => !text.startsWith('0 '));
  };
  await eventually(
    () => left().length === 0,
    () => `the proxy to be idle; left: ${left().join(', ')}`,
  );
}
