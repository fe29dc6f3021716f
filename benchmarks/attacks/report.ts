/** What a run found, as lines and as a page. */
import { machine, system, versions } from '../lib/machine.ts';
import { bounds, faultsOf, MiB } from './bounds.ts';
import type { Counts } from './connection.ts';
import type { Flood } from './flood.ts';
import { type Measured, type Phase, usual, type Waiting } from './measure.ts';

/** One flood, and what each target made of it: an error where it ended. */
export interface Found {
  readonly flood: Flood;
  readonly by: ReadonlyMap<string, Measured | Error>;
}

const ms = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(value < 10 ? 1 : 0);
const wait = ({ median, worst }: Waiting): string => `${ms(median)} / ${ms(worst)}`;
const mebibytes = (bytes: number): string => `${Math.max(0, Math.round(bytes / MiB))}`;
const memory = ({ grown, kept }: Phase): string => `${mebibytes(grown)} / ${mebibytes(kept)}`;
const cpu = (phase: Phase): string => `${Math.round(phase.cpu * 100)} %`;
/** CPU time of the longest turn and of the typical one, in ms. */
export const turnOf = ({ turns }: Phase): string =>
  turns === null ? '–' : `${ms(turns.longest)} / ${ms(turns.typical)}`;

const titles = [
  'quiet',
  '1: victim',
  'turn',
  'MiB',
  'CPU',
  'many: victim',
  'turn',
  'MiB',
  'CPU',
] as const;

const cells = ({ quiet, one, many }: Measured): string[] => [
  wait(quiet),
  wait(one.waiting),
  ...costs(one),
  many.connections === usual ? wait(many.waiting) : `${many.connections}: ${wait(many.waiting)}`,
  ...costs(many),
];

const costs = (phase: Phase): string[] => [turnOf(phase), memory(phase), cpu(phase)];

const widths = [14, 16, 14, 12, 7, 20, 14, 12, 7];
const inColumns = (first: string, rest: readonly string[]): string =>
  first.padEnd(42) + rest.map((cell, nth) => cell.padStart(widths[nth] ?? 0)).join('');

export const headLine = inColumns('victim: median / worst, ms; MiB: most / kept', titles);

/** Lines for the terminal, as a target is done. */
export function linesOf(
  flood: Flood,
  target: string,
  found: Measured | Error,
  ours: boolean,
): string[] {
  const name = `${flood.name} · ${target}`;
  if (found instanceof Error) return [`${name}: ${found.message}`];
  const faults = ours ? faultsOf(found, flood) : [];
  return [
    inColumns(name, cells(found)),
    `    ${[found.one, found.many].map((phase) => `${phase.connections}: ${rateOf(phase)}`).join('; ')}`,
    ...(faults.length === 0 ? [] : [`    DOES NOT HOLD: ${faults.join(', ')}`]),
  ];
}

/** How much the flood was. */
export function rateOf({ counts, seconds, turns, backendSent }: Phase): string {
  const perSecond = (bytes: number): string => `${(bytes / MiB / seconds).toFixed(2)} MiB/s`;
  return [
    `sent ${perSecond(counts.sent)}`,
    `backend ${perSecond(backendSent)}`,
    `received ${perSecond(counts.received)}`,
    answersOf(counts),
    ...(turns === null ? [] : [`longest turn by the clock ${ms(turns.longestByClock)} ms`]),
  ].join(', ');
}

const answersOf = ({ connections, answers }: Counts): string =>
  [
    `${connections} connections`,
    ...Object.entries(answers).map(([answer, count]) => `${count} × ${answer}`),
  ].join(', ');

/** The results, flood by flood and target by target. */
export function page(all: readonly Found[], ours: readonly string[]): string {
  const rows = all.flatMap(({ flood, by }) =>
    [...by].map(([target, found], nth) => {
      const first = nth === 0 ? `**${flood.name}**: ${flood.what}` : '';
      if (found instanceof Error) {
        const nothing = titles.map(() => '–');
        return `| ${[first, target, ...nothing, `no: ${found.message}`].join(' | ')} |`;
      }
      const faults = faultsOf(found, flood);
      const holds = !ours.includes(target)
        ? ''
        : faults.length === 0
          ? 'yes'
          : `no: ${faults.join(', ')}`;
      return `| ${[first, target, ...cells(found), holds].join(' | ')} |`;
    }),
  );
  const { node, nginx, haproxy } = versions();
  const peers = [nginx && `nginx ${nginx}`, haproxy && `HAProxy ${haproxy}`].filter(Boolean);
  return `# Attacks on ${new Date().toISOString().slice(0, 10)}

${machine()}, ${system()}; Node.js ${node}${peers.length === 0 ? '' : `, ${peers.join(', ')}`}; made by \`npm run attacks -- --write\`.

A victim in a process of its own asks for 100 bytes every 25 ms, over a new and a kept connection by turns: while
all is quiet, beside one connection of an attacker, and beside many, which are ${usual} where no other number is told.
*Victim* is its median and its longest wait, in ms. *Turn* is the CPU time of the longest turn of the proxy's event
loop and of the typical one (half of all CPU time was used in turns of at least that length), in ms. *MiB* is by how
much the proxy's resident memory grew, at most and after a collection of garbage. *CPU* is its share of a core.

The bounds: one connection raises the median by at most ${bounds.medianOfOne} ms, the longest wait to at most ${bounds.worstOfOne} ms and the memory
by at most ${bounds.memoryOfOne / MiB} MiB; many raise the median by at most ${bounds.medianOfMany} ms; every request of the victim is served.

| flood | proxy | ${titles.join(' | ')} | bounds hold |
| --- | --- |${' ---: |'.repeat(titles.length)} --- |
${rows.join('\n')}
`;
}
