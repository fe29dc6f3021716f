/** One chart: its title, the curves, and a table of what they show, which is also what a screen reader reads. */
import uPlot from 'uplot';
import { formatClock, shortened, unknown } from '../figures/format.ts';
import { type Columns, summarize } from '../figures/history.ts';
import { element, setAttribute, setText } from './dom.ts';

interface Series {
  readonly name: string;
  /** Which of the colours of the style sheet: `--series-1`, … */
  readonly colour: 1 | 2 | 3 | 4;
  /** So that curves are told apart without their colour. */
  readonly line: 'solid' | 'dashed' | 'dotted';
  readonly isFilled?: boolean;
}

export interface ChartOptions {
  readonly title: string;
  /** What the numbers are of: `per second`. */
  readonly unit: string;
  readonly series: readonly Series[];
  readonly format: (value: number | null) => string;
  /** The top of the axis is never below it, so that next to nothing does not look like much. */
  readonly leastTop: number;
  /** Steps of the axis double, as memory does. */
  readonly isBinary?: boolean;
}

const plotHeight = 148;
const shortestSeconds = 60;
const dashes = { solid: [], dashed: [7, 4], dotted: [2, 3] } as const;
const decimalSteps = [1, 2, 2.5, 5];
const steps = (isBinary: boolean): number[] => {
  if (isBinary) return Array.from({ length: 50 }, (_, i) => 2 ** i);
  return Array.from({ length: 18 }, (_, i) =>
    decimalSteps.map((step) => step * 10 ** (i - 4)),
  ).flat();
};

interface Line {
  readonly now: HTMLElement;
  readonly mean: HTMLElement;
  readonly max: HTMLElement;
}

export class Chart {
  readonly figure: HTMLElement;
  readonly #options: ChartOptions;
  readonly #frame = element('div', { class: 'plot', role: 'img' });
  readonly #nowHead = element('th', { scope: 'col' }, 'Now');
  readonly #lines: readonly Line[];
  #plot: uPlot | null = null;
  #data: Columns;
  #seconds = 300;
  /** Index of the sample that the pointer is at. */
  #at: number | null = null;

  constructor(options: ChartOptions) {
    this.#options = options;
    this.#data = [[], ...options.series.map((): null[] => [])];
    this.#lines = options.series.map(() => ({
      now: element('td'),
      mean: element('td'),
      max: element('td'),
    }));
    const rows = options.series.map(({ name, colour, line }, i) => {
      const swatch = element('span', {
        class: `swatch series-${colour} ${line}`,
        'aria-hidden': 'true',
      });
      const { now, mean, max } = this.#lines[i] as Line;
      return element('tr', {}, element('th', { scope: 'row' }, swatch, name), now, mean, max);
    });
    const head = element(
      'tr',
      {},
      element('th', { scope: 'col' }, element('span', { class: 'hidden' }, 'Curve')),
      this.#nowHead,
      element('th', { scope: 'col' }, 'Mean'),
      element('th', { scope: 'col' }, 'Max'),
    );
    this.figure = element(
      'figure',
      { class: 'chart' },
      element(
        'figcaption',
        {},
        element('h3', {}, options.title),
        element('span', { class: 'unit' }, options.unit),
      ),
      this.#frame,
      element(
        'table',
        { class: 'legend', 'aria-label': options.title },
        element('thead', {}, head),
        element('tbody', {}, ...rows),
      ),
    );
    new ResizeObserver(() => this.#resize()).observe(this.#frame);
  }

  /** Shows the samples of the last so many seconds. */
  update(data: Columns, seconds: number): void {
    this.#data = data;
    this.#seconds = seconds;
    if (this.#plot === null) this.#create();
    else this.#plot.setData(data as uPlot.AlignedData);
    this.#tell();
  }

  /** Draws with the colours that hold now. */
  restyle(): void {
    this.#plot?.destroy();
    this.#plot = null;
    if (this.#data[0].length > 0) this.#create();
  }

  #create(): void {
    const width = this.#frame.clientWidth;
    if (width === 0) return;
    this.#plot = new uPlot(this.#plotOptions(width), this.#data as uPlot.AlignedData, this.#frame);
  }

  #resize(): void {
    const width = this.#frame.clientWidth;
    if (this.#plot === null) {
      if (this.#data[0].length > 0) this.#create();
    } else if (width > 0 && width !== this.#plot.width) {
      this.#plot.setSize({ width, height: plotHeight });
    }
  }

  #plotOptions(width: number): uPlot.Options {
    const { series, format, leastTop, isBinary = false } = this.#options;
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string): string => style.getPropertyValue(name).trim();
    const axis: uPlot.Axis = {
      stroke: colour('--muted'),
      font: '11px system-ui, sans-serif',
      grid: { stroke: colour('--grid'), width: 1 },
      ticks: { show: false },
      gap: 4,
    };
    return {
      width,
      height: plotHeight,
      padding: [8, 8, 0, 0],
      legend: { show: false },
      cursor: {
        sync: { key: 'reverseit' },
        drag: { x: false, y: false },
        y: false,
        points: { size: 6 },
      },
      hooks: { setCursor: [(plot) => this.#pointAt(plot.cursor.idx ?? null)] },
      scales: {
        x: { range: () => this.#range() },
        y: { range: (_, __, max) => [0, Math.max(leastTop, (max ?? 0) * 1.08)] },
      },
      axes: [
        {
          ...axis,
          size: 24,
          space: 46,
          values: (_, times) => times.map((time) => this.#clock(time)),
        },
        {
          ...axis,
          size: 62,
          space: 26,
          incrs: steps(isBinary),
          values: (_, values) => values.map((value) => shortened(format(value))),
        },
      ],
      series: [
        {},
        ...series.map(({ name, colour: number, line, isFilled = false }): uPlot.Series => {
          const stroke = colour(`--series-${number}`);
          return {
            label: name,
            stroke,
            width: 1.5,
            dash: [...dashes[line]],
            ...(isFilled ? { fill: `${stroke}22` } : {}),
            points: { show: false },
          };
        }),
      ],
    };
  }

  #range(): [number, number] {
    const [times] = this.#data;
    const last = times.at(-1) ?? 0;
    // What was not seen yet takes no room, so that the first minute fills a chart.
    const seen = Math.max(shortestSeconds, last - (times[0] ?? last));
    return [last - Math.min(this.#seconds, seen), last];
  }

  #clock(time: number): string {
    const clock = formatClock(time * 1000);
    return clock.endsWith(':00') ? clock.slice(0, 5) : clock;
  }

  #pointAt(index: number | null): void {
    if (this.#at === index) return;
    this.#at = index;
    this.#tell();
  }

  #tell(): void {
    const { series, format, title } = this.#options;
    const time = this.#at === null ? undefined : this.#data[0][this.#at];
    setText(this.#nowHead, time === undefined ? 'Now' : formatClock(time * 1000));
    const said: string[] = [];
    for (const [i, { name }] of series.entries()) {
      const column = this.#data[i + 1] as (number | null)[];
      const line = this.#lines[i] as Line;
      const { now, mean, max } = summarize(column);
      const shown = time === undefined || this.#at === null ? now : (column[this.#at] ?? null);
      setText(line.now, format(shown));
      setText(line.mean, format(mean));
      setText(line.max, format(max));
      said.push(`${name} ${now === null ? unknown : format(now)}`);
    }
    setAttribute(
      this.#frame,
      'aria-label',
      `Chart of the last ${this.#seconds / 60} min. ${title}: ${said.join(', ')}`,
    );
  }
}
