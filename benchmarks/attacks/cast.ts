/** Those that take part in all attacks: started once. */
import { setPriority } from 'node:os';
import type { Cores } from '../lib/processes.ts';
import type { AttackerQuestion } from './attacker.ts';
import type { BackendQuestion } from './backend.ts';
import { Child } from './child.ts';
import type { Counts } from './connection.ts';
import type { Cast } from './measure.ts';
import type { VictimFigures, VictimQuestion } from './victim.ts';

/** The attacker and its backend come last where cores are few: the victim waits for the proxy alone. */
const niceness = 10;

export async function openCast(cores: Cores): Promise<Cast & { stop(): Promise<void> }> {
  const startBackend = () =>
    Child.start<number, BackendQuestion, number>('backend.ts', [], cores.backend);
  const attack = await startBackend();
  const honest = await startBackend();
  const { child: attacker } = await Child.start<'ready', AttackerQuestion, Counts>(
    'attacker.ts',
    [],
    cores.generator,
  );
  const { child: victim } = await Child.start<'ready', VictimQuestion, VictimFigures>(
    'victim.ts',
    [],
    cores.generator,
  );
  for (const { pid } of [attack.child, attacker]) setPriority(pid, niceness);
  return {
    attacker,
    victim,
    backend: attack.child,
    backends: { attack: attack.ready, honest: honest.ready },
    stop: async () => {
      await Promise.all(
        [attacker, victim, attack.child, honest.child].map((child) => child.stop()),
      );
    },
  };
}
