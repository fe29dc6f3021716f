/** The attacker, in a process of its own: one flood after the other, as its parent says. */
import { setTimeout as pause } from 'node:timers/promises';
import { answerParent } from './child.ts';
import { type Counts, FloodConnection } from './connection.ts';
import { floodNamed } from './floods.ts';

export interface AttackerQuestion {
  readonly flood: string;
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
}

/** Connections opened at the same time. */
const batch = 100;
/** Longest wait for the end of connections of which something is expected, in ms. */
const patience = 10_000;

async function attack({ flood, port, connections, seconds }: AttackerQuestion): Promise<Counts> {
  const { start, client = 'plain', stays = false, fault } = floodNamed(flood);
  const counts: Counts = { connections: 0, ended: 0, answers: {}, sent: 0, received: 0 };
  const open = new Set<FloodConnection>();
  let over = false;
  const connect = (): void => {
    let opened = false;
    const connection = new FloodConnection(port, client, counts, {
      open: (it) => {
        opened = true;
        start(it);
      },
      close: () => {
        open.delete(connection);
        if (over || stays) return;
        // One that is refused is not tried again at once.
        if (opened) connect();
        else setTimeout(connect, 10);
      },
    });
    open.add(connection);
  };

  const end = performance.now() + seconds * 1000;
  for (let nth = 0; nth < connections; nth += 1) {
    connect();
    if (nth % batch === batch - 1) await pause(1);
  }
  await pause(Math.max(0, end - performance.now()));
  // What shall become of each connection takes longer on a busy machine.
  const last = performance.now() + patience;
  while (stays && fault !== undefined && open.size > 0 && performance.now() < last) await pause(50);
  over = true;
  for (const connection of open) connection.leave();
  return counts;
}

answerParent<'ready', AttackerQuestion, Counts>('ready', attack);
