import { describe, expect, it } from 'vitest';
import { nativeGroup } from './attribution.ts';
import { chart } from './chart.ts';
import { markdown } from './report.ts';
import type {
  Cost,
  FeatureCosts,
  FeatureSection,
  LoadFigure,
  Results,
  Section,
} from './results.ts';
import { summarize } from './statistics.ts';
import { markdownTable, plainText, tablesOf } from './tables.ts';

const figure = (target: string, cpu: readonly number[]): LoadFigure => ({
  target,
  cpu: summarize(cpu),
  perSecond: summarize([10_000, 20_000]),
  p50: summarize([1.25]),
  p99: summarize([9]),
  p999: summarize([12]),
  voluntary: summarize([0.125]),
  involuntary: summarize([12.4]),
  instructions: null,
  cacheMisses: null,
  peak: 80 * 1024 ** 2,
});

const load: Section = {
  kind: 'load',
  name: 'get',
  title: 'Small GET & more',
  unit: 'request',
  amount: 500,
  timed: false,
  rounds: 3,
  figures: [figure('relay', [20, 21, 22]), figure('reverseit', [41, 42, 140])],
  missing: [{ target: 'fast-proxy', reason: 'has no WebSocket' }],
};
const cost = (cpu: readonly number[]): Cost => ({ cpu: summarize(cpu), instructions: null });

const features: FeatureSection = {
  kind: 'features',
  name: 'features',
  title: 'Cost of features',
  rounds: 9,
  amount: 100,
  missing: [],
  costs: [
    {
      target: 'reverseit',
      plain: cost([40]),
      extra: [
        { feature: 'hook', ...cost([1, 1.5, 2]) },
        { feature: 'log', ...cost([-0.25]) },
      ],
    },
    {
      target: 'reverseit-direct',
      plain: cost([30]),
      extra: [{ feature: 'hook', ...cost([0.5]) }],
    },
  ],
};
const idle: Section = {
  kind: 'idle',
  name: 'idle-http',
  title: 'Memory',
  rounds: 1,
  connections: 4000,
  missing: [],
  figures: [
    { target: 'relay', bytes: summarize([6144]) },
    { target: 'reverseit', bytes: summarize([3072]) },
  ],
};
const profile: Section = {
  kind: 'profile',
  name: 'profile',
  title: 'Where it goes',
  rounds: 1,
  amount: 10,
  timed: false,
  missing: [],
  profiles: [
    {
      target: 'reverseit',
      cpu: 40,
      kernel: 15,
      groups: [
        { name: 'undici', cpu: 10 },
        { name: nativeGroup, cpu: 30 },
      ],
      functions: [{ name: '_resume', group: 'undici', cpu: 1.234 }],
    },
  ],
};

const rowsOf = (section: Section) => tablesOf(section).map(({ rows }) => rows);

describe('tablesOf', () => {
  it('tells medians with ranges, the cost beside the relay’s, and how busy the core was', () => {
    expect(rowsOf(load)).toEqual([
      [
        [
          'relay',
          '21.0 (20.0–22.0)',
          '1.00',
          '15000 (10000–20000)',
          '32 %',
          '1.25',
          '9.00',
          '12.00',
          '80',
          '0.13 + 12',
        ],
        [
          'reverseit',
          '42.0 (41.0–140)',
          '2.00',
          '15000 (10000–20000)',
          '63 %',
          '1.25',
          '9.00',
          '12.00',
          '80',
          '0.13 + 12',
        ],
        ['fast-proxy', '–', '–', '–', '–', '–', '–', '–', '–', '–'],
      ],
    ]);
    expect(tablesOf(load)[0]?.notes).toEqual(['– fast-proxy: has no WebSocket']);
  });

  it('tells what the processor counted where it counts', () => {
    const [one, ...others] = load.figures;
    const figures = [
      { ...figure('nginx', [9]), instructions: summarize([98_765]), cacheMisses: summarize([1.5]) },
      { ...(one as LoadFigure), voluntary: summarize([]), involuntary: summarize([]) },
      ...others,
    ];
    const [table] = tablesOf({ ...load, figures });
    expect(table?.head.slice(-3)).toEqual([
      'switches/request',
      'instructions/request',
      'cache misses/request',
    ]);
    expect(table?.rows.map((row) => row.slice(-3))).toEqual([
      ['0.13 + 12', '98765', '1.50'],
      ['– + –', '–', '–'],
      ['0.13 + 12', '–', '–'],
      ['–', '–', '–'],
    ]);
  });

  it('compares with nothing where the relay did not take part', () => {
    const [table] = tablesOf({ ...load, figures: load.figures.slice(1) });
    expect(table?.rows[0]?.[2]).toBe('–');
  });

  it('tells what features cost more, or less', () => {
    expect(rowsOf(features)).toEqual([
      [
        ['none of them', '40.0', '30.0'],
        ['hook', '+1.50 (+1.00 to +2.00)', '+0.50'],
        ['log', '−0.25', '–'],
      ],
    ]);
  });

  it('tells what features cost in instructions where they are counted', () => {
    const [one] = features.costs as [FeatureCosts];
    const counted = (instructions: readonly number[]): Cost => ({
      ...cost([1]),
      instructions: summarize(instructions),
    });
    const costs = [
      { ...one, plain: counted([90_000.4]), extra: [{ feature: 'hook', ...counted([-700, 800]) }] },
    ];
    expect(tablesOf({ ...features, costs })[1]).toMatchObject({
      head: ['instructions/request', 'reverseit'],
      rows: [
        ['none of them', '90000'],
        ['hook', '+50 (−700 to +800)'],
      ],
    });
  });

  it('tells memory for each connection', () => {
    expect(rowsOf(idle)).toEqual([
      [
        ['relay', '6.0', '1.00'],
        ['reverseit', '3.0', '0.50'],
      ],
    ]);
  });

  it('tells where time goes, native code last, and the functions', () => {
    expect(rowsOf(profile)).toEqual([
      [
        ['undici', '10.0 (25 %)'],
        [nativeGroup, '30.0 (75 %)'],
        ['all', '40.0'],
        ['in the kernel', '15.0'],
      ],
      [['_resume', 'undici', '1.23']],
    ]);
  });
});

const small = {
  head: ['target', 'µs'],
  rows: [
    ['relay', '1.0'],
    ['a', '100'],
  ],
  notes: ['– b: no'],
};

it('puts columns in line for a terminal', () => {
  expect(plainText(small)).toBe('target   µs\nrelay   1.0\na       100\n– b: no\n');
});

it('makes a table in Markdown, with what is missing below', () => {
  expect(markdownTable(small)).toBe(
    '| target | µs |\n| --- | ---: |\n| relay | 1.0 |\n| a | 100 |\n\n– b: no.\n',
  );
});

describe('markdown', () => {
  const results: Results = {
    date: '2026-11-23T10:00:00.000Z',
    machine: 'a machine, 2 cores, 4 GiB',
    system: 'Linux 6.1',
    versions: { node: '24.1.0', nginx: '1.22.1' },
    commit: 'abc1234',
    seconds: 1080,
    counters: 'Instructions are not counted.',
    sections: [load, features, idle, profile],
  };
  const page = markdown(results);

  it('tells the date, the machine and the versions', () => {
    expect(page).toContain('# Benchmark of 2026-11-23\n');
    expect(page).toContain(
      'a machine, 2 cores, 4 GiB; Linux 6.1; Node.js 24.1.0; ReverseIt at abc1234. nginx 1.22.1.',
    );
    expect(page).toContain('The run took 18 min.');
    expect(page).toContain('`waited + preempted`. Instructions are not counted.\n');
  });

  it('has a chapter for each section', () => {
    expect(page.match(/^## .*$/gm)).toEqual([
      '## Small GET & more',
      '## Cost of features',
      '## Memory',
      '## Where it goes',
    ]);
    expect(page).toContain('3 interleaved rounds of 500 requests.');
    expect(page).toContain('One round; every one has a new process and 4000 connections.');
  });

  it('says nothing of a commit that is not known', () => {
    expect(markdown({ ...results, commit: null })).toContain('Node.js 24.1.0. nginx');
  });
});

describe('chart', () => {
  const drawing = chart([load, features, idle, profile]);

  it('draws a bar for each figure of loads and memory, ours in its own colour', () => {
    expect(drawing.match(/<rect x=/g)).toHaveLength(4);
    expect(drawing.match(/class="ours"/g)).toHaveLength(2);
    // The longest of a section takes all of the width.
    expect(drawing).toContain('width="400.0" height="14" class="ours"');
    expect(drawing).toContain('width="200.0" height="14" class="other"');
  });

  it('is well-formed whatever a title holds', () => {
    expect(drawing).toContain('Small GET &amp; more: CPU µs per request');
  });

  it('draws nothing below zero, and nothing at all of nothing', () => {
    const negative: Section = {
      ...idle,
      figures: [{ target: 'nginx', bytes: summarize([-2048]) }],
    };
    expect(chart([negative])).toContain('width="0.0"');
    expect(chart([])).not.toContain('<rect x=');
  });
});
