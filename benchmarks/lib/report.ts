/** The results of a run as files: JSON, a Markdown page and a chart. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { chart } from './chart.ts';
import type { LoadSection, ProfileSection, Results, Section } from './results.ts';
import { markdownTable, tablesOf } from './tables.ts';

const amountText = ({ amount, timed, ...one }: LoadSection | ProfileSection): string =>
  `${amount} ${timed ? 's' : `${'unit' in one ? one.unit : 'request'}s`}`;

/** What stands above the tables of a section. */
function preface(section: Section): string {
  const rounds = section.rounds === 1 ? 'One round' : `${section.rounds} interleaved rounds`;
  switch (section.kind) {
    case 'load':
      return `${rounds} of ${amountText(section)}.`;
    case 'features':
      return `${rounds} of ${section.amount} small GETs. Behind each feature: what it costs more than none of them in the same round.`;
    case 'idle':
      return `${rounds}; every one has a new process and ${section.connections} connections. Resident memory after a garbage collection. The relay holds a pair of sockets for each connection.`;
    case 'profile':
      return `Self time in a CPU profile of ${amountText(section)}, as shares of the time without the profiler. Native code and system calls are what remains; the time in the kernel is part of them.`;
  }
}

/** The page. */
export function markdown(results: Results): string {
  const { date, machine, system, commit, versions, seconds, counters, sections } = results;
  const { node, ...others } = versions;
  const compared = Object.entries(others).map(([name, version]) => `${name} ${version}`);
  const parts = sections.map(
    (section) =>
      `## ${section.title}\n\n${preface(section)}\n\n${tablesOf(section).map(markdownTable).join('\n')}`,
  );
  return `# Benchmark of ${date.slice(0, 10)}

${machine}; ${system}; Node.js ${node}${commit === null ? '' : `; ReverseIt at ${commit}`}. ${compared.join(', ')}.
The run took ${Math.round(seconds / 60)} min.

Figures are medians, with their ranges in brackets. CPU is the time that the proxy's processes spent for
a unit of work; it does not depend on the generator. Throughput and latencies do: where the proxy used
less than its core (\`core used\`), the generator was the limit. Context switches (\`switches\`) of its threads are
told as \`waited + preempted\`. ${counters}
[How it is measured](../README.md).

![Medians as bars](latest.svg)

${parts.join('\n')}`;
}

/** Writes `latest.json`, `latest.svg` and the page into a folder. */
export function writeResults(folder: URL, results: Results): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL('latest.json', folder), `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(new URL('latest.svg', folder), chart(results.sections));
  writeFileSync(new URL('README.md', folder), markdown(results));
}
