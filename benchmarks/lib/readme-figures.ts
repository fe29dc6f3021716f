/** The few figures that the README of the repository tells, between two comments. */
import type { LoadFigure, LoadSection, Results } from './results.ts';
import { markdownTable, micros } from './tables.ts';

/** Sections that are told, and what their columns are called. */
const columns: Readonly<Record<string, string>> = {
  get: 'small GET',
  websocket: 'WebSocket echo, 125 B of text',
  connect: 'new connection and GET',
};

const names: Readonly<Record<string, string>> = {
  reverseit: 'ReverseIt over undici (default)',
  'reverseit-direct': 'ReverseIt, `transport: "direct"`',
};

const start = '<!-- figures:start -->';
const end = '<!-- figures:end -->';

/** The README with the figures of a run; as it is where the run was not of all that it tells. */
export function withFigures(readme: string, results: Results): string {
  const figures = readmeFigures(results);
  const from = readme.indexOf(start);
  const to = readme.indexOf(end);
  if (figures === null || from === -1 || to < from) return readme;
  return `${readme.slice(0, from + start.length)}\n${figures}\n${readme.slice(to)}`;
}

function readmeFigures({ date, machine, versions, sections }: Results): string | null {
  const told = Object.keys(columns).map((name) =>
    sections.find(
      (section): section is LoadSection => section.kind === 'load' && section.name === name,
    ),
  );
  const [first, ...others] = told;
  if (first === undefined || others.includes(undefined)) return null;
  const table = markdownTable({
    head: ['CPU µs (× relay)', ...Object.values(columns)],
    rows: first.figures.map(({ target }) => [
      names[target] ?? target,
      ...told.map((section) => cell(section?.figures ?? [], target)),
    ]),
    notes: [],
  });
  const rounds = first.rounds === 1 ? 'One round' : `Medians of ${first.rounds} interleaved rounds`;
  return `${table}
${rounds}, ${date.slice(0, 10)}, Node.js ${versions.node}, ${machine}; [all figures](benchmarks/results/README.md).`;
}

function cell(figures: readonly LoadFigure[], target: string): string {
  const cost = figures.find((one) => one.target === target)?.cpu.median;
  const relay = figures.find((one) => one.target === 'relay')?.cpu.median;
  if (cost === undefined) return '–';
  return relay === undefined ? micros(cost) : `${micros(cost)} (${(cost / relay).toFixed(2)})`;
}
