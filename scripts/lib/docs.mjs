// The documents that are made of tables: what `generate-docs.mjs` writes and its
// test compares.

import { answerLabel, configurationSchema } from './json-schema.mjs';

/**
 * @typedef {import('@reverseit/core/options').OptionTable} OptionTable
 * @typedef {OptionTable[string]} Option
 * @typedef {import('@reverseit/core/errors').CatalogEntry} CatalogEntry
 *
 * @typedef {object} Row
 * @property {readonly string[]} path where the option stands, such as `pool`, `poolSize`
 * @property {Option} option
 * @property {string | undefined} flag without hyphens
 *
 * @typedef {object} Tables
 * @property {OptionTable} proxy every option
 * @property {OptionTable} route those that a route may have
 * @property {OptionTable} server those of the server, which are the defaults of its listeners
 * @property {OptionTable} listener those of an entry of `listen`
 * @property {OptionTable} ownListener those that only such an entry has
 * @property {OptionTable} backend those of an entry of `backend`
 * @property {OptionTable} certificate those of an entry of `tls.certificates`
 * @property {readonly { readonly path: readonly string[], readonly name: string }[]} flags
 * @property {Readonly<Record<string, CatalogEntry>>} catalog
 * @property {readonly import('@reverseit/admin').MetricFamily[]} families
 */

/** Sources whose rows bear comments made of their prose. */
export const tableFiles = [
  'packages/core/src/server/listener/server-options.ts',
  'packages/core/src/options/option-certificates-kind.ts',
  'packages/upstream/src/options/upstream-options.ts',
  'packages/upstream/src/options/tls-options.ts',
  'packages/upstream/src/exchange/dispatch-limits.ts',
  'packages/upstream/src/backends/options/backend-list.ts',
  'packages/upstream/src/backends/options/group-options.ts',
  'packages/upstream/src/backends/options/affinity-options.ts',
  'packages/upstream/src/backends/options/discovery-options.ts',
  'packages/node/src/options/backends/balancing-options.ts',
  'packages/node/src/options/route-options.ts',
  'packages/node/src/options/messages/backend-request-options.ts',
  'packages/node/src/options/messages/cookie-options.ts',
  'packages/node/src/options/messages/backend-response-options.ts',
  'packages/node/src/options/messages/request-body-options.ts',
  'packages/node/src/options/messages/upgrade-options.ts',
  'packages/node/src/options/hook-options.ts',
  'packages/node/src/options/observability-options.ts',
  'packages/node/src/options/admin-options.ts',
  'packages/node/src/options/listeners/trust-options.ts',
  'packages/node/src/options/proxy-options.ts',
  'packages/node/src/options/listeners/listener-options.ts',
  'packages/node/src/options/listeners/redirect-options.ts',
];

/**
 * Every document as it should be, by its path.
 *
 * @param {Tables} tables
 * @param {(path: string) => string} read
 * @returns {Map<string, string>}
 */
export function expectedDocuments(tables, read) {
  const rows = rowsOf(tables);
  return new Map([
    ['docs/options.md', optionsReference(rows, tables)],
    ['docs/errors.md', errorsReference(tables.catalog)],
    ['docs/metrics.md', metricsReference(tables.families)],
    ['packages/node/schema.json', `${JSON.stringify(configurationSchema(tables), null, 2)}\n`],
    ['README.md', withRegion(read('README.md'), 'options', shortReference(rows))],
    ...tableFiles.map(
      (path) => /** @type {const} */ ([path, withComments(read(path), rows, path)]),
    ),
  ]);
}

/** @param {Tables['families']} families */
function metricsReference(families) {
  const rows = families.map(({ name, type, unit, labels, help }) => [
    code(type === 'counter' ? `${name}_total` : name),
    type,
    labels.map(code).join(', '),
    unit,
    help,
  ]);
  return `# Metrics

${generated}

\`GET /metrics\` of the [admin listener](../packages/admin/README.md) answers in the text format of Prometheus (0.0.4), or by
OpenMetrics (1.0) if \`Accept\` prefers it. \`GET /stats\` has the same figures as JSON, and \`GET /events\` sends them every second.
\`proxy.metrics()\` returns them without a listener, and \`prometheusText\` of \`@reverseit/admin\` writes them.
[deploy/grafana](../deploy/grafana) has a dashboard.

- Counters start at 0 with the proxy and never fall: a reload sets none back, and with workers the sums keep what workers
  counted that have ended. A worker that is killed takes along what it counted after it was last asked.
- Histograms have fixed buckets, 1, 2 and 5 per decade from 0.1 ms to a minute, so that those of several processes add up.
- Labels are bounded. \`route\` is the name of a route, \`(none)\` if no route serves the request, or \`(other)\` beyond 1,000 routes;
  \`method\` is one of seven or \`other\`; \`status\` is \`1xx\` to \`5xx\`, or \`none\` without a response: the client left, or its HTTP/2 stream
  was reset; \`code\` is an [error code](errors.md); \`origin\` is scheme, host and port, or \`other\` beyond 1,000, where those
  that are gone are the first to lose their name; \`worker\` is a number, or
  \`main\` for a proxy without workers and for the supervisor. Backends are those of routes with a list of them.
- A request that is rejected before its head is complete counts as method \`other\` of \`(none)\`, with a duration of 0.
- Bodies and payloads are counted, not headers and framing. Bytes of a response count when they are written.

${table(['Metric', 'Type', 'Labels', 'Unit', 'Meaning'], rows)}`;
}

/** @param {Tables} tables @returns {Row[]} options of groups stand behind their group */
export function rowsOf({ proxy, ownListener, backend, certificate, flags }) {
  const flagOf = new Map(flags.map(({ path, name }) => [path.join('.'), name]));
  /** @type {(table: OptionTable, parents: readonly string[]) => Row[]} */
  const walk = (table, parents) =>
    Object.entries(table).flatMap(([key, option]) => {
      const path = [...parents, key];
      const row = { path, option, flag: flagOf.get(path.join('.')) };
      if (path.join('.') === 'backend') return [row, ...walk(backend, ['backend[]'])];
      if (path.join('.') === 'tls.certificates') {
        return [row, ...walk(certificate, [...parents, `${key}[]`])];
      }
      return option.nested === null ? [row] : [row, ...walk(option.nested.rows, path)];
    });
  return [...walk(proxy, []), ...walk(ownListener, ['listen[]'])];
}

/** @param {readonly Row[]} rows @param {Tables} tables */
function optionsReference(rows, tables) {
  const sections = [...grouped(rows)].map(
    ([group, members]) => `## ${group}

${placeOf(members, tables)}

${table(
  ['Option', 'Flag', 'Default', 'Accepts', 'If exceeded', 'Meaning'],
  members.map(({ path, flag, option }) => [
    code(path.join('.')),
    flag === undefined ? '' : code(`--${flag}`),
    defaultOf(option),
    option.accepts,
    option.answers,
    option.prose,
  ]),
)}`,
  );
  return `# Options

${generated}

Sizes are in bytes, times in milliseconds. \`Infinity\` (\`"infinity"\` in JSON, \`infinity\` on the command
line) disables a limit where that is allowed; 0 disables a timeout as well. A delay of 0 is none, and it cannot
be \`Infinity\`. \`null\` means "none" where that is the default. Unknown keys and invalid values throw one \`ConfigError\` that names them all.

${sections.join('\n')}`;
}

/** @param {readonly Row[]} rows @param {Tables} tables */
function placeOf(rows, { route, server }) {
  /** @param {Row} row */
  const place = ({ path: [first = ''] }) => {
    if (first === 'pool' && rows.every(({ path }) => path[0] === 'pool')) return 'pool';
    if (first === 'listen[]') return 'listener';
    if (first === 'backend[]') return 'route';
    return Object.hasOwn(server, first)
      ? 'server'
      : Object.hasOwn(route, first)
        ? 'route'
        : 'proxy';
  };
  const places = new Set(rows.map(place));
  if (places.size === 1) return placeText[[...places].join()];
  const above = rows
    .filter((row) => place(row) === 'proxy')
    .map(({ path }) => code(path.join('.')));
  return `${placeText.route} For the whole proxy: ${above.join(', ')}.`;
}

/** @type {Readonly<Record<string, string>>} */
const placeText = {
  pool: 'Inside `pool`, of a route or beside `routes`.',
  server: 'For the whole server; an entry of `listen` may differ.',
  listener: 'In an entry of `listen`, beside what is for the whole server.',
  proxy: 'For the whole proxy.',
  route: 'Per route; beside `routes` they are the defaults for all routes.',
};

/** The options that README.md shows, in this order. */
const firstOptions = [
  'backend',
  'listen',
  'workers',
  'tls',
  'host',
  'path',
  'stripPath',
  'forwardedHeaders',
  'preserveHostHeader',
  'pool.poolSize',
  'maxRequestBodySize',
  'responseHeaderTimeout',
];

/** @param {readonly Row[]} rows */
function shortReference(rows) {
  const byPath = new Map(rows.map((row) => [row.path.join('.'), row.option]));
  return table(
    ['Option', 'Default', 'Meaning'],
    firstOptions.map((path) => {
      const option = byPath.get(path);
      if (option === undefined) throw new Error(`there is no option ${path}`);
      return [code(path), defaultOf(option), option.prose];
    }),
  );
}

/** @param {readonly Row[]} rows @returns {Map<string, Row[]>} in the order of first appearance */
function grouped(rows) {
  /** @type {Map<string, Row[]>} */
  const groups = new Map();
  for (const row of rows) {
    const members = groups.get(row.option.group) ?? [];
    groups.set(row.option.group, members);
    members.push(row);
  }
  return groups;
}

/** @param {Option} option */
function defaultOf(option) {
  const { nested, defaultText } = option;
  if (nested !== null && defaultText !== 'none') return '';
  const isProse = /^[a-z][a-z ,]*$/.test(defaultText) && !['true', 'false'].includes(defaultText);
  return isProse ? defaultText : `${code(defaultText)}${unitOf(option)}`;
}

/** @param {Option} option as it follows a number */
function unitOf({ kind, default: initial }) {
  if (typeof initial !== 'number' || !Number.isFinite(initial) || initial === 0) return '';
  return kind === 'bytes' ? ' bytes' : kind === 'milliseconds' ? ' ms' : '';
}

/** @param {Readonly<Record<string, CatalogEntry>>} catalog */
function errorsReference(catalog) {
  const rows = Object.entries(catalog).map(([name, entry]) => [
    code(name),
    code(entry.class),
    entry.status === 0 ? '' : `${entry.status}${entry.errorResponse ? ' *' : ''}`,
    entry.closeCode === 0 ? '' : String(entry.closeCode),
    entry.status === 0 && entry.closeCode === 0 ? '' : entry.connection,
    entry.retry,
    entry.text,
    entry.rfc,
  ]);
  return `# Errors

${generated}

Every error has a stable \`code\`; match on it, never on the message.

- **Status** is what the client receives if the response has not started. \`errorResponse\` replaces those marked *.
- **Close code** is sent to the offending side of a WebSocket.
- **Connection** says what happens to the client connection after that response. Where there is no response, or it
  has already started, the connection is reset, so that nothing looks complete.
- **Caller may retry** is for callers of a pool of \`@reverseit/upstream\`: \`never\`; \`nothing-sent\`: no byte of the
  request was sent; \`not-processed\`: the backend did not process it; \`if-reused\`: a kept-alive connection closed
  before the first response byte. The proxy itself retries only as \`responseHeaderRetries\` says.

${table(['Code', 'Class', 'Status', 'Close code', 'Connection', 'Caller may retry', 'Meaning', 'RFC'], rows)}`;
}

const generated =
  '<!-- Generated by scripts/generate-docs.mjs. Edit the tables in the sources instead. -->';

/** @param {readonly string[]} head @param {readonly (readonly string[])[]} rows */
function table(head, rows) {
  /** @param {readonly string[]} cells */
  const line = (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  return line(head) + line(head.map(() => '---')) + rows.map(line).join('');
}

/** @param {string} text */
const code = (text) => `\`${text}\``;

/** @param {string} text @param {string} name @param {string} content */
function withRegion(text, name, content) {
  const start = `<!-- ${name}:start -->`;
  const end = `<!-- ${name}:end -->`;
  const from = text.indexOf(start);
  const to = text.indexOf(end);
  if (from === -1 || to < from) throw new Error(`README.md has no region ${start} … ${end}`);
  return `${text.slice(0, from + start.length)}\n${content}${text.slice(to)}`;
}

/** The start of a row: `  poolSize: count({`. */
const rowStart = /^( +)(\w+): (\w+)(?:<.*>)?\(/;

/**
 * The source of a table with a comment above each row, which editors show where the option is used.
 *
 * @param {string} source
 * @param {readonly Row[]} rows
 * @param {string} file
 */
function withComments(source, rows, file) {
  const byKey = rowsByKey(source, rows, file);
  /** @type {string[]} */
  const lines = [];
  for (const line of source.split('\n')) {
    const [, indent = '', key = ''] = rowStart.exec(line) ?? [];
    const option = byKey.get(key);
    if (option !== undefined) {
      dropComment(lines, indent);
      lines.push(...comment(option, indent));
    }
    lines.push(line);
  }
  return lines.join('\n');
}

/**
 * @param {string} source
 * @param {readonly Row[]} rows
 * @param {string} file
 */
function rowsByKey(source, rows, file) {
  const keys = source.split('\n').flatMap((line) => rowStart.exec(line)?.[2] ?? []);
  /** @type {Map<string, Option>} */
  const found = new Map();
  for (const { path, option } of rows) {
    const key = path.at(-1) ?? '';
    // The same key may stand in the tables of two files: the prose tells which one is meant.
    if (keys.includes(key) && source.includes(`'${option.prose}'`)) found.set(key, option);
  }
  if (found.size === 0) throw new Error(`${file} holds no option`);
  return found;
}

/** @param {string[]} lines @param {string} indent takes the comment away that ends the lines */
function dropComment(lines, indent) {
  const last = lines.at(-1) ?? '';
  if (!last.endsWith('*/')) return;
  while (!lines.at(-1)?.startsWith(`${indent}/**`)) lines.pop();
  lines.pop();
}

/** @param {Option} option */
const defaultNote = (option) =>
  option.defaultText === 'required'
    ? 'Required.'
    : `Default: ${option.defaultText}${unitOf(option)}.`;

/** @param {Option} option @param {string} indent */
function comment(option, indent) {
  const { kind, prose, answers, nested } = option;
  const notes = nested !== null ? [] : [defaultNote(option)];
  if (answers !== '') notes.push(`${answerLabel(kind)}: ${answers}.`);
  const line = `${indent}/** ${[prose, ...notes].join(' ')} */`;
  if (line.length <= 100) return [line];
  return [
    `${indent}/**`,
    ...[prose, notes.join(' ')].filter(Boolean).map((text) => `${indent} * ${text}`),
    `${indent} */`,
  ];
}
