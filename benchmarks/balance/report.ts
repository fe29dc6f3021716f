/** What the simulations found, as a page and a picture. */
import { markdownTable } from '../lib/tables.ts';
import { serviceTime, slots } from './model.ts';
import {
  coldTime,
  duration,
  load,
  type PolicyResult,
  type PolicyScenario,
  returnsAt,
  stepTime,
} from './policies.ts';
import {
  churn,
  type FleetResult,
  type HashResult,
  replicas,
  type SubsetResult,
} from './replicas.ts';

export interface Found {
  readonly policies: readonly {
    readonly scenario: PolicyScenario;
    readonly results: readonly PolicyResult[];
  }[];
  readonly subsets: readonly SubsetResult[];
  readonly hash: HashResult;
  readonly fleets: readonly FleetResult[];
}

const ms = (value: number): string => (value < 100 ? value.toFixed(1) : value.toFixed(0));
const percent = (value: number): string => `${(100 * value).toFixed(2)} %`;
const ratio = (value: number): string => value.toFixed(2);

export function page({ policies, subsets, hash, fleets }: Found): string {
  return `# Balance, simulated

\`npm run bench:balance -- --write\` makes this page. Nothing is measured: the policies and states of
\`@reverseit/upstream\` pick among backends that are simulated, all from one seed, so that the figures are the same on
every machine. A backend serves ${slots} requests at once, each for ${serviceTime} ms on average (exponentially distributed); the
others wait there. Requests arrive at random, ${100 * load} % of what 10 backends can do, for ${duration / 1000} s. There are no retries.

![Time of the slowest percent by policy, and the share of a backend that comes back](balance.svg)

## 10 backends

\`odd one\`: its share of the requests; 10 % is an equal one. \`imbalance\`: requests of the busiest of the other
nine, divided by their mean. The one that comes back does so after ${returnsAt / 1000} s and is 4 × slower for ${coldTime / 1000} s.

${policies.map(policyTable).join('\n')}
- \`least-requests\`, the default, gives a slow backend what it can do. \`round-robin\` and \`random\` do not look at it, and its
  queue grows without end; the bounded load of \`hash\` prevents that.
- \`latency\` finds a slow backend as well. A failure counts as 1 s there, so that failing fast attracts nobody.
- Without \`slowStart\` a backend that comes back cold gets its whole share at once.

## ${replicas} replicas, 1,000 backends

Each replica has a \`subset\` of its own. At each change of the list ${churn} backends leave and ${churn} join.

${markdownTable({
  head: [
    'size',
    'replicas of a backend: fewest',
    'mean',
    'most',
    'exchanged at a change: mean',
    'most',
  ],
  rows: subsets.map((one) =>
    [one.size, one.fewest, one.mean, one.most, one.exchanged.toFixed(2), one.mostExchanged].map(
      String,
    ),
  ),
  notes: [],
})}
The load of all replicas with \`least-requests\`, for 1 s; what is left of the differences is the chance of arrivals.

${markdownTable({
  head: ['', 'connections', 'busiest ÷ mean', 'idlest ÷ mean', 'p99 ms'],
  rows: fleets.map((one) => [
    one.title,
    one.connections.toLocaleString('en'),
    ratio(one.busiest),
    ratio(one.idlest),
    ms(one.p99),
  ]),
  notes: [],
})}
\`hash\`, while half of the replicas have the new list and half the old one: ${percent(hash.orphans)} of the keys had a backend that
left; of the others the replicas disagree on ${percent(hash.disagreement)}, which belong to a backend that joined.
`;
}

function policyTable({ scenario, results }: Found['policies'][number]): string {
  const table = markdownTable({
    head: [scenario.title, 'p50 ms', 'p99 ms', 'failures', 'odd one', 'imbalance'],
    rows: results.map((one) => [
      `\`${one.policy}\``,
      ms(one.p50),
      ms(one.p99),
      percent(one.failures),
      percent(one.oddShare),
      ratio(one.imbalance),
    ]),
    notes: [],
  });
  return table;
}

const style =
  'text{font:12px sans-serif;fill:#444}.title{font-weight:bold}rect.bar{fill:#2b7a4b}polyline{fill:none;stroke-width:2}.axis{stroke:#9aa5b1}';
const width = 720;
const left = 130;
const longestBar = 480;

/** Bars of the slowest percent, scaled by decades; below them the share of the one that comes back. */
export function drawing({ policies }: Found): string {
  const parts: string[] = [];
  let y = 10;
  for (const { scenario, results } of policies.slice(0, 3)) {
    parts.push(`<text x="10" y="${y + 14}" class="title">p99, ${scenario.title} (log)</text>`);
    y += 22;
    for (const { policy, p99 } of results) {
      // From 10 ms to 100 s.
      const length = Math.max(2, (Math.log10(p99 / 10) / 4) * longestBar);
      parts.push(
        `<text x="${left - 8}" y="${y + 12}" text-anchor="end">${policy}</text>`,
        `<rect class="bar" x="${left}" y="${y}" width="${length.toFixed(1)}" height="14"/>`,
        `<text x="${(left + length + 6).toFixed(1)}" y="${y + 12}">${ms(p99)} ms</text>`,
      );
      y += 18;
    }
    y += 14;
  }
  parts.push(
    `<text x="10" y="${y + 14}" class="title">least-requests and round-robin: share of the one that comes back after ${returnsAt / 1000} s</text>`,
  );
  y += 26;
  const height = 120;
  const scale = 0.12;
  const steps = duration / stepTime;
  parts.push(
    `<line class="axis" x1="${left}" y1="${y + height}" x2="${left + longestBar}" y2="${y + height}"/>`,
    `<line class="axis" x1="${left}" y1="${y + height - (0.1 / scale) * height}" x2="${left + longestBar}" y2="${y + height - (0.1 / scale) * height}" stroke-dasharray="3"/>`,
    `<text x="${left - 8}" y="${y + height - (0.1 / scale) * height + 4}" text-anchor="end">10 %</text>`,
  );
  const lines = [
    ['round-robin', 3, '#9aa5b1'],
    ['round-robin', 4, '#c0682b'],
    ['least-requests', 3, '#7fb896'],
    ['least-requests', 4, '#2b7a4b'],
  ] as const;
  for (const [index, [policy, at, colour]] of lines.entries()) {
    const { scenario, results } = policies[at] as Found['policies'][number];
    const { shares } = results.find((one) => one.policy === policy) as PolicyResult;
    const points = shares.map((share, i) => {
      const x = left + ((i + 1) / steps) * longestBar;
      return `${x.toFixed(1)},${(y + height - (Math.min(share, scale) / scale) * height).toFixed(1)}`;
    });
    parts.push(
      `<polyline points="${points.join(' ')}" stroke="${colour}"/>`,
      `<rect x="${left}" y="${y + height + 14 + index * 18}" width="24" height="4" fill="${colour}"/>`,
      `<text x="${left + 32}" y="${y + height + 20 + index * 18}">${policy}${scenario.slowStart > 0 ? ', slowStart 10 s' : ''}</text>`,
    );
  }
  y += height + 100;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y}" viewBox="0 0 ${width} ${y}"><style>${style}</style><rect width="${width}" height="${y}" fill="#fff"/>${parts.join('')}</svg>\n`;
}
