/** The figures of this moment, at the top of the page. */
import type { ProxyStats } from '../../src/stats.ts';
import { share } from '../figures/counters.ts';
import { formatBytes, formatMs, formatPercent, formatShort, unknown } from '../figures/format.ts';
import { latencyOf, loopDelayOf, ratesOf } from '../figures/moment.ts';
import type { Span } from '../figures/readings.ts';
import { poolTotalsOf, processTotalsOf, totalsOf } from '../figures/totals.ts';
import { byId, element, setAttribute, setText } from './dom.ts';

type Level = 'calm' | 'warn' | 'bad';

interface Tile {
  readonly name: string;
  /** Pairs of a label and a value; one without a label is the only one. */
  readonly values: readonly (readonly [label: string, value: string])[];
  readonly note: string;
  readonly level?: Level;
}

const perSecond = (rate: number | null): string =>
  rate === null ? unknown : `${formatShort(rate)}/s`;

const errorLevel = (part: number | null): Level => {
  if (part === null) return 'calm';
  if (part < 0.001) return 'calm';
  return part < 0.01 ? 'warn' : 'bad';
};

const backendTile = ({ backends }: ProxyStats): Tile => {
  const usable = backends.filter(({ state }) => state === 'healthy' || state === 'warming').length;
  const others = (['unhealthy', 'ejected', 'draining', 'warming'] as const)
    .map((state) => [backends.filter((backend) => backend.state === state).length, state] as const)
    .filter(([count]) => count > 0)
    .map(([count, state]) => `${formatShort(count)} ${state}`);
  const isDown = backends.some(({ state }) => state === 'unhealthy' || state === 'ejected');
  const name = 'Backends';
  if (backends.length === 0) {
    return { name, values: [['', unknown]], note: 'no route has a list of backends' };
  }
  return {
    name,
    values: [['', `${formatShort(usable)} of ${formatShort(backends.length)}`]],
    note: others.length === 0 ? 'all healthy' : others.join(', '),
    level: usable === 0 ? 'bad' : isDown ? 'warn' : 'calm',
  };
};

/** The tiles, in their order. */
const tilesOf = (stats: ProxyStats, span: Span | null): readonly Tile[] => {
  const totals = totalsOf(stats);
  const pools = poolTotalsOf(stats.pools);
  const processes = processTotalsOf(stats.processes);
  const rates = span === null ? null : ratesOf(span);
  const latency = span === null ? null : latencyOf(span);
  const loop = span === null ? null : loopDelayOf(span);
  const errorShare = share(rates?.serverErrors ?? null, rates?.requests ?? null);
  const { open, dropped } = stats.connections;
  const { http2 } = stats;
  return [
    {
      name: 'Requests',
      values: [['', perSecond(rates?.requests ?? null)]],
      note: `${formatShort(totals.active)} in progress, ${formatShort(totals.requests)} in total`,
    },
    {
      name: 'Errors (5xx)',
      values: [['', perSecond(rates?.serverErrors ?? null)]],
      note: `${formatPercent(errorShare)} of requests, ${formatShort(totals.serverErrors)} in total`,
      level: errorLevel(errorShare),
    },
    {
      name: 'Latency',
      values: [
        ['p50', formatMs(latency?.p50 ?? null)],
        ['p90', formatMs(latency?.p90 ?? null)],
        ['p99', formatMs(latency?.p99 ?? null)],
      ],
      note: 'from the head of a request to the end of its response',
    },
    {
      name: 'Connections',
      values: [['', formatShort(open)]],
      note: [
        `${perSecond(rates?.connections ?? null)} new`,
        ...(dropped === 0 ? [] : [`${formatShort(dropped)} dropped`]),
        ...(http2.accepted === 0
          ? []
          : [`${formatShort(http2.connections)} of HTTP/2, ${formatShort(http2.streams)} streams`]),
      ].join(', '),
      level: dropped === 0 ? 'calm' : 'warn',
    },
    {
      name: 'WebSockets',
      values: [['', formatShort(totals.webSockets)]],
      note: `${perSecond(rates?.messages ?? null)} messages`,
    },
    {
      name: 'Waiting requests',
      values: [['', formatShort(pools.waiting)]],
      note: `${formatShort(pools.open)} backend connections, ${formatShort(pools.idle)} idle`,
      level: pools.waiting === 0 ? 'calm' : 'warn',
    },
    backendTile(stats),
    {
      name: 'Event-loop delay',
      values: [['p99', formatMs(loop?.p99 ?? null)]],
      note: `CPU ${rates?.cpu == null ? unknown : formatPercent(rates.cpu)} of one core`,
      level: (loop?.p99 ?? 0) > 100 ? 'bad' : (loop?.p99 ?? 0) > 30 ? 'warn' : 'calm',
    },
    {
      name: 'Memory',
      values: [['', formatBytes(processes.residentMemory)]],
      note: `${formatBytes(processes.heapUsed)} of it heap in use`,
    },
  ];
};

interface Shown {
  readonly group: HTMLElement;
  readonly values: readonly HTMLElement[];
  readonly note: HTMLElement;
}

export class Tiles {
  readonly #list = byId('tiles', HTMLDListElement);
  #shown: readonly Shown[] = [];

  update(stats: ProxyStats, span: Span | null): void {
    const tiles = tilesOf(stats, span);
    if (this.#shown.length === 0) this.#shown = tiles.map((tile) => this.#add(tile));
    for (const [i, { values, note, level = 'calm' }] of tiles.entries()) {
      const shown = this.#shown[i] as Shown;
      for (const [j, [, value]] of values.entries()) setText(shown.values[j] as HTMLElement, value);
      setText(shown.note, note);
      setAttribute(shown.group, 'data-level', level);
    }
  }

  #add({ name, values }: Tile): Shown {
    const group = element('div', { class: values.length > 1 ? 'tile several' : 'tile' });
    const note = element('dd', { class: 'note' });
    const shown = values.map(([label]) => {
      const value = element('span', { class: 'value' });
      const parts =
        label === '' ? [value] : [element('span', { class: 'label' }, `${label} `), value];
      group.append(element('dd', {}, ...parts));
      return value;
    });
    group.prepend(element('dt', {}, name));
    group.append(note);
    this.#list.append(group);
    return { group, values: shown, note };
  }
}
