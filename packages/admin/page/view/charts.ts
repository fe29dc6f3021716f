/** The charts of the page, and the samples that they show. */
import { formatBytes, formatMs, formatShort } from '../figures/format.ts';
import { type Columns, History } from '../figures/history.ts';
import type { Sample } from '../figures/moment.ts';
import { Chart, type ChartOptions } from './chart.ts';
import { byId } from './dom.ts';

const longestWindowSeconds = 900;
/** Samples further apart are not joined by a line. */
const gapMs = 5000;

const bytesPerSecond = (value: number | null): string =>
  value === null ? formatBytes(null) : `${formatBytes(value)}/s`;

type SeriesName = Exclude<keyof Sample, 'time'>;

const charts: Readonly<Record<SeriesName, ChartOptions>> = {
  requests: {
    title: 'Requests',
    unit: 'per second',
    format: formatShort,
    leastTop: 5,
    series: [
      { name: 'All', colour: 1, line: 'solid', isFilled: true },
      { name: '4xx', colour: 3, line: 'dashed' },
      { name: '5xx', colour: 4, line: 'solid' },
    ],
  },
  latency: {
    title: 'Latency',
    unit: 'to the end of the response',
    format: formatMs,
    leastTop: 1,
    series: [
      { name: 'p50', colour: 1, line: 'solid' },
      { name: 'p90', colour: 2, line: 'dashed' },
      { name: 'p99', colour: 3, line: 'solid' },
    ],
  },
  connections: {
    title: 'Connections',
    unit: 'open',
    format: formatShort,
    leastTop: 5,
    series: [
      { name: 'Clients', colour: 1, line: 'solid', isFilled: true },
      { name: 'WebSockets', colour: 2, line: 'dashed' },
      { name: 'Backends', colour: 3, line: 'dotted' },
      { name: 'Waiting', colour: 4, line: 'solid' },
    ],
  },
  traffic: {
    title: 'Traffic',
    unit: 'bodies and messages',
    format: bytesPerSecond,
    leastTop: 1024,
    isBinary: true,
    series: [
      { name: 'To clients', colour: 1, line: 'solid', isFilled: true },
      { name: 'From clients', colour: 2, line: 'dashed' },
    ],
  },
  loop: {
    title: 'Event-loop delay',
    unit: 'how late timers are',
    format: formatMs,
    leastTop: 10,
    series: [
      { name: 'p50', colour: 1, line: 'solid', isFilled: true },
      { name: 'p99', colour: 3, line: 'solid' },
    ],
  },
  memory: {
    title: 'Memory',
    unit: 'of all processes',
    format: formatBytes,
    leastTop: 2 ** 26,
    isBinary: true,
    series: [
      { name: 'Resident', colour: 1, line: 'solid', isFilled: true },
      { name: 'Heap in use', colour: 2, line: 'dashed' },
    ],
  },
};

interface Drawn {
  readonly name: SeriesName;
  readonly chart: Chart;
  readonly history: History;
}

const names = Object.keys(charts) as readonly SeriesName[];

export class Charts {
  readonly #drawn: readonly Drawn[] = names.map((name) => ({
    name,
    chart: new Chart(charts[name]),
    history: new History(charts[name].series.length, longestWindowSeconds + 50, gapMs),
  }));

  constructor() {
    byId('charts', HTMLElement).append(...this.#drawn.map(({ chart }) => chart.figure));
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      for (const { chart } of this.#drawn) chart.restyle();
    });
  }

  push(sample: Sample): void {
    for (const { name, history } of this.#drawn) history.push(sample.time, sample[name]);
  }

  /** Shows the last so many seconds. */
  draw(seconds: number): void {
    for (const { chart, history } of this.#drawn) {
      const columns: Columns = history.columns(seconds * 1000);
      chart.update(columns, seconds);
    }
  }
}
