/** Figures as text: the format of Prometheus (0.0.4), and OpenMetrics (1.0). */
import { setImmediate } from 'node:timers/promises';
import { type MetricFamily, metricFamilies } from './metric-families.ts';
import type { HistogramStats, ProxyStats } from './stats.ts';

/** What a scraper is answered with. */
export interface MetricsText {
  /** For `Content-Type`. */
  readonly type: string;
  readonly text: string;
}

/** About so many characters of a text are made at a time: well under a millisecond. */
const partLength = 16_384;

const prometheusType = 'text/plain; version=0.0.4; charset=utf-8';
const openMetricsType = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** In the text format of Prometheus, version 0.0.4, which everything reads. */
export function prometheusText(stats: ProxyStats): MetricsText {
  return { type: prometheusType, text: [...textParts(stats, false)].join('') };
}

/** By OpenMetrics 1.0. */
export function openMetricsText(stats: ProxyStats): MetricsText {
  return { type: openMetricsType, text: [...textParts(stats, true)].join('') };
}

/** In the one of the two formats that the client likes better; Prometheus' own where it is all the same. */
export function negotiatedText(stats: ProxyStats, accept: string): MetricsText {
  return prefersOpenMetrics(accept) ? openMetricsText(stats) : prometheusText(stats);
}

/** The text in one of the formats, made over as many turns of the event loop as it takes. */
export async function pacedText(
  stats: ProxyStats,
  open: boolean,
): Promise<{ readonly type: string; readonly body: Buffer }> {
  const parts: Buffer[] = [];
  for (const part of textParts(stats, open)) {
    parts.push(Buffer.from(part));
    await setImmediate();
  }
  return { type: open ? openMetricsType : prometheusType, body: Buffer.concat(parts) };
}

/** Whether the client likes OpenMetrics better. */
export function prefersOpenMetrics(accept: string): boolean {
  let open = 0;
  let plain = 0;
  for (const range of accept.toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    const given = parameters.find((one) => one.startsWith('q='))?.slice('q='.length) ?? '1';
    const quality = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(given) ? Number(given) : 0;
    if (type === 'application/openmetrics-text') open = Math.max(open, quality);
    else if (type === 'text/plain') plain = Math.max(plain, quality);
  }
  return open > plain;
}

function* textParts(stats: ProxyStats, open: boolean): Generator<string> {
  let text = '';
  for (const family of metricFamilies) {
    for (const lines of written(family, stats, open)) {
      text += lines;
      if (text.length < partLength) continue;
      yield text;
      text = '';
    }
  }
  yield open ? `${text}# EOF\n` : text;
}

/** The lines that announce a family, and those of each of its samples. */
function* written(family: MetricFamily, stats: ProxyStats, open: boolean): Generator<string> {
  const { name, type, unit, labels, help } = family;
  const samples = family.samples(stats);
  if (samples.length === 0) return;
  const suffix = type === 'counter' ? '_total' : '';
  const announced = open ? name : name + suffix;
  yield `# HELP ${announced} ${escapedHelp(help, open)}\n# TYPE ${announced} ${type}\n`;
  if (open && unit !== '') yield `# UNIT ${announced} ${unit}\n`;
  for (const [values, value] of samples) {
    const pairs = labels.map((label, nth) => `${label}="${escaped(values[nth] ?? '')}"`);
    if (typeof value === 'object') yield histogram(name, pairs, value, stats, open);
    else yield `${name}${suffix}${inBraces(pairs)} ${numberText(value)}\n`;
  }
}

function histogram(
  name: string,
  pairs: readonly string[],
  { counts, sum }: HistogramStats,
  { durationBounds }: ProxyStats,
  open: boolean,
): string {
  let text = '';
  let total = 0;
  counts.forEach((count, nth) => {
    total += count;
    const bound = boundText(durationBounds[nth], open);
    text += `${name}_bucket${inBraces([...pairs, `le="${bound}"`])} ${total}\n`;
  });
  return `${text}${name}_sum${inBraces(pairs)} ${numberText(sum)}\n${name}_count${inBraces(pairs)} ${total}\n`;
}

/** OpenMetrics writes the bounds of whole seconds as floating point numbers. */
function boundText(bound: number | undefined, open: boolean): string {
  if (bound === undefined) return '+Inf';
  return open && Number.isInteger(bound) ? `${bound}.0` : numberText(bound);
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

const inBraces = (pairs: readonly string[]): string =>
  pairs.length === 0 ? '' : `{${pairs.join(',')}}`;

const escaped = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

const escapedHelp = (text: string, open: boolean): string =>
  open ? escaped(text) : text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
