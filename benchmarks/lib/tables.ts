/** The figures of a section as tables, for the terminal and for Markdown. */
import { nativeGroup } from './attribution.ts';
import type {
  Cost,
  FeatureSection,
  IdleSection,
  LoadSection,
  Missing,
  ProfileSection,
  Section,
} from './results.ts';
import type { Summary } from './statistics.ts';

export interface Table {
  readonly head: readonly string[];
  /** The first cell of each is a name, the others are figures. */
  readonly rows: readonly (readonly string[])[];
  /** Said below it; empty for nothing. */
  readonly notes: readonly string[];
}

/** What others are compared with. */
const floor = 'relay';
const none = '–';

export function tablesOf(section: Section): readonly Table[] {
  const tables = makeTables(section);
  return tables.map((table, i) => (i === 0 ? withMissing(table, section.missing) : table));
}

function makeTables(section: Section): readonly Table[] {
  switch (section.kind) {
    case 'load':
      return [loadTable(section)];
    case 'features':
      return featureTables(section);
    case 'idle':
      return [idleTable(section)];
    case 'profile':
      return [groupTable(section), ...section.profiles.map(functionTable)];
  }
}

function loadTable({ unit, figures }: LoadSection): Table {
  const relay = figures.find(({ target }) => target === floor)?.cpu.median;
  const counted = figures.some(({ instructions }) => instructions !== null);
  return {
    head: [
      'target',
      `CPU µs/${unit}`,
      `× ${floor}`,
      `${unit}s/s`,
      'core used',
      'p50 ms',
      'p99 ms',
      'p99.9 ms',
      'peak RSS MiB',
      `switches/${unit}`,
      ...(counted ? [`instructions/${unit}`, `cache misses/${unit}`] : []),
    ],
    rows: figures.map(({ target, cpu, perSecond, p50, p99, p999, peak, ...counts }) => [
      target,
      spread(cpu, micros),
      ratio(cpu.median, relay),
      spread(perSecond, whole),
      `${whole((cpu.median * perSecond.median) / 1e4)} %`,
      spread(p50, hundredths),
      spread(p99, hundredths),
      spread(p999, hundredths),
      whole(peak / 1024 ** 2),
      `${count(counts.voluntary.median)} + ${count(counts.involuntary.median)}`,
      ...(counted ? [counts.instructions, counts.cacheMisses].map(optional) : []),
    ]),
    notes: [],
  };
}

function featureTables(section: FeatureSection): readonly Table[] {
  const counted = section.costs.some(({ plain }) => plain.instructions !== null);
  return [
    featureTable(section, 'CPU µs/request', ({ cpu }) => cpu, micros, hundredths),
    ...(counted
      ? [featureTable(section, 'instructions/request', (cost) => cost.instructions, whole, whole)]
      : []),
  ];
}

/** @param extra how a difference is written, without its sign */
function featureTable(
  { costs }: FeatureSection,
  title: string,
  of: (cost: Cost) => Summary | null,
  plainly: (value: number) => string,
  extra: (value: number) => string,
): Table {
  const features = new Set(costs.flatMap((one) => one.extra.map(({ feature }) => feature)));
  const cell = (cost: Cost | undefined, format: (value: number) => string, to?: string): string => {
    const summary = cost === undefined ? null : of(cost);
    return summary === null ? none : spread(summary, format, to);
  };
  return {
    head: [title, ...costs.map(({ target }) => target)],
    rows: [
      ['none of them', ...costs.map(({ plain }) => cell(plain, plainly))],
      ...[...features].map((feature) => [
        feature,
        ...costs.map((one) =>
          cell(
            one.extra.find((it) => it.feature === feature),
            (value) => signed(value, extra),
            ' to ',
          ),
        ),
      ]),
    ],
    notes: [],
  };
}

function idleTable({ figures }: IdleSection): Table {
  const relay = figures.find(({ target }) => target === floor)?.bytes.median;
  return {
    head: ['target', 'KiB/connection', `× ${floor}`],
    rows: figures.map(({ target, bytes }) => [
      target,
      spread(bytes, (value) => (value / 1024).toFixed(1)),
      ratio(bytes.median, relay),
    ]),
    notes: [],
  };
}

function groupTable({ profiles }: ProfileSection): Table {
  const names = new Set(profiles.flatMap(({ groups }) => groups.map(({ name }) => name)));
  names.delete(nativeGroup);
  const cost = (group: string): readonly string[] =>
    profiles.map(({ cpu, groups }) => {
      const found = groups.find(({ name }) => name === group)?.cpu ?? 0;
      return `${micros(found)} (${whole((found / cpu) * 100)} %)`;
    });
  return {
    head: ['CPU µs/request', ...profiles.map(({ target }) => target)],
    rows: [
      ...[...names].sort().map((name) => [name, ...cost(name)]),
      [nativeGroup, ...cost(nativeGroup)],
      ['all', ...profiles.map(({ cpu }) => micros(cpu))],
      ['in the kernel', ...profiles.map(({ kernel }) => micros(kernel))],
    ],
    notes: [],
  };
}

const functionTable = ({ target, functions }: ProfileSection['profiles'][number]): Table => ({
  head: [`function, ${target}`, 'of', 'self µs/request'],
  rows: functions.map(({ name, group, cpu }) => [name, group, hundredths(cpu)]),
  notes: [],
});

/** A row for each that has no figures, and the reasons below. */
const withMissing = ({ head, rows, notes }: Table, missing: readonly Missing[]): Table => ({
  head,
  rows: [...rows, ...missing.map(({ target }) => [target, ...head.slice(1).map(() => none)])],
  notes: [...notes, ...missing.map(({ target, reason }) => `${none} ${target}: ${reason}`)],
});

/** The median, and the range where there is one. */
function spread(
  { median, min, max }: Summary,
  format: (value: number) => string,
  to = '–',
): string {
  return min === max ? format(median) : `${format(median)} (${format(min)}${to}${format(max)})`;
}

/** Two digits, or all before the point; what is not known is no number. */
const count = (value: number): string => {
  if (Number.isNaN(value)) return none;
  return value < 10 ? hundredths(value) : whole(value);
};

const optional = (summary: Summary | null): string =>
  summary === null ? none : spread(summary, count);

const ratio = (value: number, base: number | undefined): string =>
  base === undefined ? none : (value / base).toFixed(2);

export const micros = (value: number): string =>
  Math.abs(value) < 100 ? value.toFixed(1) : value.toFixed(0);
const whole = (value: number): string => value.toFixed(0);
const hundredths = (value: number): string => value.toFixed(2);
const signed = (value: number, format: (value: number) => string): string =>
  `${value < 0 ? '−' : '+'}${format(Math.abs(value))}`;

/** Columns in line; names to the left, figures to the right. */
export function plainText({ head, rows, notes }: Table): string {
  const all = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0)));
  const lines = all.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  '),
  );
  return `${[...lines, ...notes].join('\n')}\n`;
}

export function markdownTable({ head, rows, notes }: Table): string {
  const ruler = head.map((_, i) => (i === 0 ? '---' : '---:'));
  const lines = [head, ruler, ...rows].map((row) => `| ${row.join(' | ')} |`);
  const below = notes.length === 0 ? '' : `\n${notes.join('; ')}.\n`;
  return `${lines.join('\n')}\n${below}`;
}
