/** The dashboard in deploy/grafana asks for metrics and labels that there are, and for all that matters. */
import { readFileSync } from 'node:fs';
import { metricFamilies } from '@reverseit/admin';
import { expect, it, test } from 'vitest';

interface Dashboard {
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly targets: readonly { readonly expr: string; readonly refId: string }[];
  }[];
  readonly templating: { readonly list: readonly { readonly query: string }[] };
}

const file = new URL('../deploy/grafana/reverseit.json', import.meta.url);
const dashboard = JSON.parse(readFileSync(file, 'utf8')) as Dashboard;

/** Each series that Prometheus stores, with its labels. */
const series = new Map(
  metricFamilies.flatMap(({ name, type, labels }) => {
    const suffixes =
      type === 'counter' ? ['_total'] : type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
    return suffixes.map((suffix) => [
      name + suffix,
      [...labels, 'job', 'instance', ...(suffix === '_bucket' ? ['le'] : [])],
    ]);
  }),
);

const queries = [
  ...dashboard.panels.flatMap(({ title, targets }) =>
    targets.map(({ expr }) => [title, expr] as const),
  ),
  ...dashboard.templating.list.map(({ query }) => ['variable', query] as const),
];

it.each(queries)('%s: %s', (_, query) => {
  for (const [, name = '', selector = ''] of query.matchAll(/\b(reverseit_\w+)(?:\{([^}]*)\})?/g)) {
    const labels = series.get(name);
    expect(labels, name).toBeDefined();
    for (const [, label] of selector.matchAll(/(\w+)(?:=~|!~|!=|=)/g)) {
      expect(labels, `${name}{${label}}`).toContain(label);
    }
    for (const [, list = ''] of query.matchAll(/\bby \(([^)]*)\)/g)) {
      for (const label of list.split(/, */)) expect(labels, `${name} by ${label}`).toContain(label);
    }
  }
});

test('panels have numbers and queries of their own, and stay within the grid', () => {
  const ids = dashboard.panels.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { title, targets } of dashboard.panels) {
    const names = targets.map(({ refId }) => refId);
    expect([title, new Set(names).size]).toEqual([title, names.length]);
  }
});

test('every kind of figure is on it', () => {
  const asked = queries.map(([, query]) => query).join('\n');
  const missing = metricFamilies
    .map(({ name }) => name)
    .filter((name) => !asked.includes(name))
    .filter((name) => !/_(?:info|start_time|uptime|external|tunnels|draining)/.test(name));
  // Read beside others, or only by a person with a question.
  expect(missing.toSorted()).toEqual([
    'reverseit_backend_requests_active',
    'reverseit_gc_runs',
    'reverseit_http2_connections_accepted',
    'reverseit_pool_connections_switched',
    'reverseit_pool_requests_active',
    'reverseit_pool_requests_retried',
    'reverseit_pool_requests_reused',
    'reverseit_process_heap_bytes',
    'reverseit_workers_replaced',
  ]);
});
