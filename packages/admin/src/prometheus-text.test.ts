import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModelProxy } from '../test/model-proxy.ts';
import { metricFamilies } from './metric-families.ts';
import { negotiatedText, openMetricsText, prometheusText } from './prometheus-text.ts';

const model = new ModelProxy({
  routes: ['/', 'a"b\\c\nd'],
  backends: [{ reason: null, latency: 0.25, states: { healthy: 1 } }],
  workers: 2,
  load: 100,
});
const stats = model.pass();

/** One line of a sample, as both formats have it. */
const sampleLine =
  /^([a-z][a-z0-9_]*)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*"(?:,(?=[a-z]))?)+)\})? (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|[+-]Inf|NaN)$/;

describe.each([
  ['Prometheus 0.0.4', prometheusText(stats).text, '_total'],
  ['OpenMetrics 1.0', openMetricsText(stats).text, ''],
])('%s', (_, text, announcedSuffix) => {
  const lines = text.split('\n');

  it('consists of families, each of them announced once, with its samples behind', () => {
    const seen = new Set<string>();
    let name = '';
    let type = '';
    for (const line of lines.filter((one) => one !== '' && one !== '# EOF')) {
      const [, keyword, family, rest] = /^# (HELP|TYPE|UNIT) (\S+) (.+)$/.exec(line) ?? [];
      if (keyword === 'HELP') {
        name = family ?? '';
        expect(seen.has(name), line).toBe(false);
        seen.add(name);
      } else if (keyword !== undefined) {
        expect(family).toBe(name);
        if (keyword === 'TYPE') type = rest ?? '';
      } else {
        const [, sample = ''] = sampleLine.exec(line) ?? [];
        expect(sample, line).not.toBe('');
        const base = announcedSuffix === '' ? name : name.replace(/_total$/, '');
        const suffixes =
          type === 'counter'
            ? ['_total']
            : type === 'histogram'
              ? ['_bucket', '_sum', '_count']
              : [''];
        expect(suffixes.map((suffix) => base + suffix)).toContain(sample);
      }
    }
  });

  it('has each series once', () => {
    const series = lines
      .filter((line) => sampleLine.test(line))
      .map((line) => line.replace(/ \S+$/, ''));
    expect(new Set(series).size).toBe(series.length);
  });

  it('has histograms whose buckets add up', () => {
    const buckets = lines.filter((line) =>
      line.startsWith('reverseit_request_duration_seconds_bucket{route="/"'),
    );
    const values = buckets.map((line) => Number(line.split(' ').at(-1)));
    expect(values).toEqual(values.toSorted((a, b) => a - b));
    expect(buckets.at(-1)).toContain('le="+Inf"');
    expect(lines).toContain(`reverseit_request_duration_seconds_count{route="/"} ${values.at(-1)}`);
  });
});

it('ends OpenMetrics with EOF, and Prometheus with a line feed', () => {
  expect(openMetricsText(stats).text).toMatch(/\n# EOF\n$/);
  expect(prometheusText(stats).text).toMatch(/[^\n]\n$/);
});

it('writes whole bounds as OpenMetrics wants them', () => {
  expect(openMetricsText(stats).text).toContain('le="1.0"');
  expect(prometheusText(stats).text).toContain('le="1"');
});

it('escapes label values', () => {
  expect(prometheusText(stats).text).toContain('reverseit_requests_active{route="a\\"b\\\\c\\nd"}');
});

it('any route name leaves each line one sample', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (route) => {
      const [first] = stats.routes;
      const named = { ...stats, routes: first === undefined ? [] : [{ ...first, route }] };
      for (const line of openMetricsText(named).text.split('\n')) {
        if (line !== '' && !line.startsWith('#')) expect(line).toMatch(sampleLine);
      }
    }),
    { numRuns: 20 },
  );
});

const open = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
const plain = 'text/plain; version=0.0.4; charset=utf-8';
it.each([
  ['', plain],
  ['*/*', plain],
  ['text/plain', plain],
  ['application/openmetrics-text', open],
  ['APPLICATION/OPENMETRICS-TEXT; version=1.0.0', open],
  [
    'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1',
    open,
  ],
  ['text/plain;q=0.9,application/openmetrics-text;q=0.9', plain],
  ['application/openmetrics-text;q=0', plain],
  ['application/openmetrics-text;q=x', plain],
])('RFC 9110 §12.5.1: "%s" gets %s', (accept, type) => {
  expect(negotiatedText(stats, accept).type).toBe(type);
});

describe('names', () => {
  it.each(metricFamilies.map((family) => [family.name, family] as const))(
    '%s is as the naming rules of Prometheus want it',
    (name, { type, labels, help, unit }) => {
      expect(name).toMatch(/^reverseit(?:_[a-z][a-z0-9]*)+$/);
      expect(name).not.toMatch(
        /_(?:total|count|sum|bucket|milliseconds|ms|kilobytes|counter|gauge)$/,
      );
      if (unit !== '') expect(name.endsWith(`_${unit}`)).toBe(true);
      if (type === 'histogram') expect(unit).toBe('seconds');
      for (const label of labels) expect(label).toMatch(/^[a-z]+$/);
      expect(labels).not.toContain('le');
      expect(help).toMatch(/^[A-Z\d].*\.$/);
    },
  );

  it('are different', () => {
    expect(new Set(metricFamilies.map(({ name }) => name)).size).toBe(metricFamilies.length);
  });
});
