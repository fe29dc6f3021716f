import { expect, it } from 'vitest';
import { withFigures } from './readme-figures.ts';
import type { LoadSection, Results } from './results.ts';
import { summarize } from './statistics.ts';

const section = (name: string, costs: Readonly<Record<string, number>>): LoadSection => ({
  kind: 'load',
  name,
  title: name,
  unit: 'request',
  amount: 1,
  timed: false,
  rounds: 3,
  missing: [],
  figures: Object.entries(costs).map(([target, cpu]) => ({
    target,
    cpu: summarize([cpu]),
    perSecond: summarize([1]),
    p50: summarize([1]),
    p99: summarize([1]),
    p999: summarize([1]),
    voluntary: summarize([1]),
    involuntary: summarize([1]),
    instructions: null,
    cacheMisses: null,
    peak: 1,
  })),
});

const results: Results = {
  date: '2026-11-23T10:00:00.000Z',
  machine: 'a machine',
  system: 'Linux',
  versions: { node: '24.1.0' },
  commit: null,
  counters: '',
  seconds: 1,
  sections: [
    section('get', { relay: 20, reverseit: 35, 'fast-proxy': 80 }),
    section('connect', { relay: 80, reverseit: 160, 'fast-proxy': 250 }),
    section('websocket', { relay: 15, reverseit: 18 }),
  ],
};

const readme = 'before\n<!-- figures:start -->\nold\n<!-- figures:end -->\nafter\n';

it('tells costs beside the relay’s, and a dash where there is none', () => {
  expect(withFigures(readme, results)).toBe(`before
<!-- figures:start -->
| CPU µs (× relay) | small GET | WebSocket echo, 125 B of text | new connection and GET |
| --- | ---: | ---: | ---: |
| relay | 20.0 (1.00) | 15.0 (1.00) | 80.0 (1.00) |
| ReverseIt over undici (default) | 35.0 (1.75) | 18.0 (1.20) | 160 (2.00) |
| fast-proxy | 80.0 (4.00) | – | 250 (3.13) |

Medians of 3 interleaved rounds, 2026-11-23, Node.js 24.1.0, a machine; [all figures](benchmarks/results/README.md).
<!-- figures:end -->
after
`);
});

it('leaves the README alone where the run was of less, or there is no place for figures', () => {
  const less = { ...results, sections: results.sections.slice(1) };
  expect(withFigures(readme, less)).toBe(readme);
  expect(withFigures('# ReverseIt\n', results)).toBe('# ReverseIt\n');
});
