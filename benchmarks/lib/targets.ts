/** What is compared. */
import { isInstalled, startExternal } from './external.ts';
import { type Subject, startNode } from './processes.ts';

export interface Target {
  readonly name: string;
  /** Scenarios that it cannot serve. */
  readonly lacks: readonly string[];
  start(backend: number, core: number | null): Promise<Subject>;
}

const webSockets = ['websocket', 'websocket-64k'];

const node = (name: string, lacks: readonly string[] = []): Target => ({
  name,
  lacks,
  start: (backend, core) => startNode(name, [String(backend)], core),
});

const reverseit = (name: string, options: object): Target => ({
  name,
  lacks: [],
  start: async (backend, core) => ({
    ...(await startNode('reverseit', [String(backend), JSON.stringify(options)], core)),
    name,
  }),
});

const external = (name: 'nginx' | 'haproxy'): readonly Target[] =>
  isInstalled(name)
    ? [{ name, lacks: [], start: (backend, core) => startExternal(name, backend, core) }]
    : [];

/** In the order of the tables; the first is the measure of the others. */
export const targets: readonly Target[] = [
  node('relay'),
  reverseit('reverseit', {}),
  reverseit('reverseit-direct', { pool: { transport: 'direct' } }),
  ...external('nginx'),
  ...external('haproxy'),
  node('fast-proxy', webSockets),
  node('fastify-http-proxy'),
  node('http-proxy'),
  node('http-proxy-3'),
  node('httpxy'),
];

/** ReverseIt with one feature each, beside the plain one: what the feature costs. */
export const variants: readonly Target[] = [
  reverseit('reverseit 1000 routes', { routes: 1000 }),
  reverseit('reverseit addHeaders', { addHeaders: { 'x-added': 'yes' } }),
  reverseit('reverseit no UTF-8 check', { websocketValidateUtf8: false }),
];
