/** The figures of a run: a table for the terminal, Markdown, JSON and a chart. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import type { Summary } from './statistics.ts';

/** One target in one scenario. */
export interface Figure {
  readonly target: string;
  /** CPU time of the proxy per unit, in µs. */
  readonly cpu: Summary;
  readonly perSecond: Summary;
  /** Latencies in ms. */
  readonly p50: Summary;
  readonly p99: Summary;
  /** Highest resident memory that was seen between rounds, in bytes. */
  readonly rss: number;
}

export interface ScenarioReport {
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  readonly amount: number;
  readonly figures: readonly Figure[];
}

export interface Report {
  readonly date: string;
  readonly machine: string;
  readonly node: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly rounds: number;
  readonly scenarios: readonly ScenarioReport[];
}

export const machine = (): string => `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores`;

const us = (value: number): string => (value < 100 ? value.toFixed(1) : value.toFixed(0));

function rows({ figures }: ScenarioReport): string[][] {
  const floor = figures[0]?.cpu.median ?? Number.NaN;
  return figures.map(({ target, cpu, perSecond, p50, p99, rss }) => [
    target,
    us(cpu.median),
    `${us(cpu.min)}–${us(cpu.max)}`,
    (cpu.median / floor).toFixed(2),
    perSecond.median.toFixed(0),
    p50.median.toFixed(2),
    p99.median.toFixed(2),
    (rss / 1024 / 1024).toFixed(0),
  ]);
}

const heads = (unit: string): string[] => [
  'target',
  `CPU µs/${unit}`,
  'min–max',
  '× first',
  `${unit}s/s`,
  'p50 ms',
  'p99 ms',
  'RSS MiB',
];

export function terminalTable(report: ScenarioReport): string {
  const table = [heads(report.unit), ...rows(report)];
  const widths = (table[0] ?? []).map((_, i) =>
    Math.max(...table.map((row) => row[i]?.length ?? 0)),
  );
  const lines = table.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  '),
  );
  return `${report.title}\n${lines.join('\n')}\n`;
}

function markdown(report: Report): string {
  const versions = Object.entries(report.versions).map(([name, version]) => `${name} ${version}`);
  const parts = report.scenarios.map((scenario) => {
    const head = heads(scenario.unit);
    const lines = [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...rows(scenario)];
    return `## ${scenario.title}\n\n${scenario.amount} ${scenario.unit}s a round.\n\n${lines
      .map((row) => `| ${row.join(' | ')} |`)
      .join('\n')}\n`;
  });
  return `# Benchmark of ${report.date}

${report.machine}; Node.js ${report.node}; ${versions.join(', ')}.
Medians and ranges of ${report.rounds} interleaved rounds. CPU is the time that the proxy's processes
spent per unit of work, on a core of their own; generator and backend run on another.

![CPU time per unit](latest.svg)

${parts.join('\n')}`;
}

/** Bars of CPU time, a group for each scenario, each scaled to its own longest. */
function chart(report: Report): string {
  const bar = 18;
  const left = 190;
  const width = 420;
  let y = 10;
  const parts: string[] = [];
  for (const { title, unit, figures } of report.scenarios) {
    parts.push(
      `<text x="10" y="${y + 14}" class="title">${escapeText(title)}, CPU µs per ${unit}</text>`,
    );
    y += 24;
    const longest = Math.max(...figures.map(({ cpu }) => cpu.median));
    for (const { target, cpu } of figures) {
      const length = (cpu.median / longest) * width;
      const style = target.startsWith('reverseit') ? 'ours' : 'other';
      parts.push(
        `<text x="${left - 8}" y="${y + 13}" text-anchor="end">${escapeText(target)}</text>`,
        `<rect x="${left}" y="${y}" width="${length.toFixed(1)}" height="${bar - 4}" class="${style}"/>`,
        `<text x="${(left + length + 6).toFixed(1)}" y="${y + 13}">${us(cpu.median)}</text>`,
      );
      y += bar;
    }
    y += 16;
  }
  const style =
    'text{font:12px sans-serif;fill:#444}.title{font-weight:bold}.ours{fill:#2b7a4b}.other{fill:#9aa5b1}';
  return `<svg xmlns="http://www.w3.org/2000/svg" width="720" height="${y}" viewBox="0 0 720 ${y}"><style>${style}</style><rect width="720" height="${y}" fill="#fff"/>${parts.join('')}</svg>\n`;
}

const escapeText = (text: string): string =>
  text.replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c] ?? c);

/** Writes the report as `latest.*` into a folder. */
export function writeReport(folder: URL, report: Report): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL('latest.json', folder), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(new URL('README.md', folder), markdown(report));
  writeFileSync(new URL('latest.svg', folder), chart(report));
}
