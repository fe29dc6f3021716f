/** Groups whose backends are found: names, SRV records, functions. */

import type { TLSSocket } from 'node:tls';
import { testCertificates } from '@reverseit/test-servers/certificates';
import {
  type DnsRecords,
  type DnsServer,
  startDnsServer,
} from '@reverseit/test-servers/dns-server';
import { FakeClock } from '@reverseit/test-servers/fake-clock';
import { afterEach, describe, expect, test } from 'vitest';
import type { Network } from '../src/connect/network.ts';
import {
  type BackendGroup,
  type BackendGroupOptions,
  type BackendInput,
  createBackendGroup,
  createPool,
  type Pool,
  type PoolOptions,
} from '../src/index.ts';
import { FakeNetwork } from './fake-network.ts';
import { GroupSent } from './group-rig.ts';
import { transport, turn } from './harness.ts';
import { http2Bench } from './http2-rig.ts';
import { type RawOrigin, type RawOriginOptions, startRawOrigin } from './raw-origin.ts';
import { get, limits } from './recorder.ts';
import { seededRandom } from './seeded-random.ts';

const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const certificates = testCertificates();

class Bench {
  readonly clock = new FakeClock();
  readonly pool: Pool;
  readonly group: BackendGroup;
  readonly errors: string[] = [];

  constructor(
    backend: BackendInput | readonly BackendInput[],
    options: BackendGroupOptions,
    pool: PoolOptions,
    network: Network | undefined,
  ) {
    this.pool = createPool({ transport, ...pool }, this.clock, network);
    const onDiscoveryError = ({ code, message }: { code: string; message: string }) => {
      expect(code).toBe('RIT_ERR_DISCOVERY');
      this.errors.push(message.replace('backends cannot be discovered: ', ''));
    };
    this.group = createBackendGroup(
      this.pool,
      backend,
      { loadBalancing: 'round-robin', onDiscoveryError, ...options },
      seededRandom(1),
    );
  }

  get names(): string[] {
    return this.group.backends().map(({ name }) => name);
  }

  send(request = get()): GroupSent {
    const sent = new GroupSent();
    sent.exchange = this.group.dispatch(request, limits, sent);
    sent.dispatched = true;
    return sent;
  }

  /** Resolves once a test holds; fails by the test's own timeout. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await turn();
  }

  async untilNames(...names: readonly string[]): Promise<void> {
    await this.until(() => this.names.join() === names.join());
  }

  /** More than an interval. */
  nextLookup(): void {
    this.clock.advance(31_600);
  }
}

const benches: Bench[] = [];
const closing: { close(): unknown }[] = [];

afterEach(async () => {
  for (const { group, pool, clock } of benches.splice(0)) {
    group.release();
    await pool.destroy();
    expect(clock.timers.size).toBe(0);
  }
  for (const one of closing.splice(0)) await one.close();
});

async function dns(records: Readonly<Record<string, DnsRecords>>): Promise<DnsServer> {
  const server = await startDnsServer(records);
  closing.push(server);
  return server;
}

async function origin(options: RawOriginOptions = {}): Promise<RawOrigin> {
  const made = await startRawOrigin((connection) => connection.write(ok), options);
  closing.push(made);
  return made;
}

interface Setup extends BackendGroupOptions {
  readonly pool?: PoolOptions;
  readonly network?: Network;
}

function discover(backend: BackendInput | readonly BackendInput[], setup: Setup): Bench {
  const { pool = {}, network, discovery: given, ...options } = setup;
  // However far a test turns the clock, a look-up is not given up unless it is about that.
  const patient = { timeout: 3_600_000 };
  const discovery = typeof given === 'object' ? { ...patient, ...given } : given;
  const made = new Bench(backend, { ...options, discovery }, pool, network);
  benches.push(made);
  return made;
}

const portOf = ({ url }: { readonly url: string }): number => Number(new URL(url).port);

describe('addresses of a name', () => {
  test('each is a backend, asked by the name; changes are followed, and who stays keeps its connection', async () => {
    const backend = await origin();
    const port = portOf(backend);
    const network = new FakeNetwork({ '10.0.0.1': 'connects', '::2': 'connects' });
    const it = discover(`http://shop.test:${port}`, { discovery: {}, network });
    expect((await it.send().done).events).toEqual(['NO_BACKEND']);
    await it.group.ready();
    expect(it.names).toEqual([
      `http://shop.test:${port} (10.0.0.1:${port})`,
      `http://shop.test:${port} ([::2]:${port})`,
    ]);
    for (let i = 0; i < 4; i++) expect((await it.send().done).body).toBe('ok');
    expect(network.addresses).toEqual(['10.0.0.1', '::2']);
    network.fates = { '::2': 'connects', '10.0.0.3': 'connects' };
    it.nextLookup();
    await it.untilNames(
      `http://shop.test:${port} (10.0.0.3:${port})`,
      `http://shop.test:${port} ([::2]:${port})`,
    );
    for (let i = 0; i < 4; i++) expect((await it.send().done).body).toBe('ok');
    expect(network.addresses).toEqual(['10.0.0.1', '::2', '10.0.0.3']);
    await it.until(() => it.pool.stats().open === 2);
    expect(network.lookups).toEqual(['shop.test', 'shop.test']);
  });

  test('an IPv4-mapped address is the IPv4 address; ::1 and 127.0.0.1 are two', async () => {
    const network = new FakeNetwork({
      '127.0.0.1': 'connects',
      '::ffff:127.0.0.1': 'connects',
      '::1': 'connects',
      '0.0.0.0': 'connects',
    });
    const it = discover('http://a.test', { discovery: {}, network });
    await it.group.ready();
    expect(it.names).toEqual(['http://a.test (127.0.0.1:80)', 'http://a.test ([::1]:80)']);
  });

  test('weight and backup are those of the configured one; addresses and Unix sockets stay', async () => {
    const network = new FakeNetwork({ '10.0.0.1': 'connects' });
    const list = [
      { url: 'http://a.test', weight: 3 },
      { url: 'http://b.test', backup: true },
      'http://10.0.0.9',
      { url: 'http://c.test', unixSocket: '/run/c.sock' },
    ];
    const it = discover(list, { discovery: {}, network });
    await it.group.ready();
    expect(it.group.backends().map(({ name, weight, backup }) => [name, weight, backup])).toEqual([
      ['http://a.test (10.0.0.1:80)', 3, false],
      ['http://b.test (10.0.0.1:80)', 1, true],
      ['http://10.0.0.9', 1, false],
      ['http://c.test (unix:/run/c.sock)', 1, false],
    ]);
    expect(network.lookups.sort()).toEqual(['a.test', 'b.test']);
  });

  test('a failure keeps what was known, is reported once, and is soon tried again', async () => {
    const network = new FakeNetwork({ '10.0.0.1': 'connects' });
    const it = discover('http://a.test', { discovery: {}, network });
    await it.group.ready();
    network.error = Object.assign(new Error('getaddrinfo EAI_AGAIN a.test'), { code: 'EAI_AGAIN' });
    it.nextLookup();
    await it.until(() => it.errors.length === 1);
    for (const ms of [1100, 2200, 4400]) {
      const { length } = network.lookups;
      it.clock.advance(ms);
      await it.until(() => network.lookups.length === length + 1);
      await turn();
    }
    expect(it.errors).toEqual(['a.test: getaddrinfo EAI_AGAIN a.test']);
    expect(it.names).toEqual(['http://a.test (10.0.0.1:80)']);
    network.error = null;
    network.fates = { '10.0.0.2': 'connects' };
    it.nextLookup();
    await it.untilNames('http://a.test (10.0.0.2:80)');
    network.fates = {};
    it.nextLookup();
    await it.until(() => it.errors.length === 2);
    expect(it.errors[1]).toBe('a.test has no addresses');
    expect(it.names).toEqual(['http://a.test (10.0.0.2:80)']);
  });

  test('a look-up that hangs is given up, and not joined by another', async () => {
    const network = new FakeNetwork({ '10.0.0.1': 'connects' });
    network.isHeld = true;
    const it = discover('http://a.test', { discovery: { timeout: 500 }, network });
    it.clock.advance(500);
    await it.group.ready();
    expect(it.errors).toEqual(['no answer within 500 ms']);
    it.clock.advance(1100);
    await it.until(() => it.errors.length === 2);
    expect(it.errors[1]).toBe('a.test: the former look-up of a.test has not ended');
    expect(network.lookups).toHaveLength(1);
    network.isHeld = false;
    network.answer();
    it.clock.advance(2200);
    await it.untilNames('http://a.test (10.0.0.1:80)');
  });

  test('what comes too late, or after the end, is not taken', async () => {
    const network = new FakeNetwork({ '10.0.0.1': 'connects' });
    network.isHeld = true;
    const it = discover('http://a.test', { discovery: {}, network });
    it.group.release();
    network.answer();
    for (let i = 0; i < 5; i++) await turn();
    expect(it.names).toEqual([]);
    expect(it.errors).toEqual([]);
  });

  test('a flapping name costs a look-up an interval, and leaves nothing', async () => {
    const network = new FakeNetwork({});
    const it = discover('http://a.test', { discovery: { interval: 100 }, network });
    for (let i = 0; i < 50; i++) {
      network.fates = i % 2 === 0 ? { '10.0.0.1': 'connects' } : { '10.0.0.2': 'connects' };
      it.clock.advance(106);
      await it.untilNames(`http://a.test (10.0.0.${(i % 2) + 1}:80)`);
    }
    expect(network.lookups.length).toBeLessThanOrEqual(52);
    expect(it.pool.stats().origins).toHaveLength(1);
  });

  test('a clock that jumps a year ahead makes one look-up', async () => {
    const network = new FakeNetwork({ '10.0.0.1': 'connects' });
    const it = discover('http://a.test', { discovery: {}, network });
    await it.group.ready();
    it.clock.advance(365 * 86_400_000);
    await turn();
    expect(network.lookups).toHaveLength(2);
  });

  test('more than 1,000 are an error', async () => {
    const server = await dns({ 'a.test': { A: ['10.0.0.1'] } });
    const it = discover('http://a.test', { discovery: { servers: [server.address] } });
    await it.group.ready();
    const A = Array.from({ length: 1001 }, (_, i) => `10.1.${i >> 8}.${i & 255}`);
    server.records.set('a.test', { A });
    it.nextLookup();
    await it.until(() => it.errors.length === 1);
    expect(it.errors).toEqual(['more than 1000 backends']);
    expect(it.names).toEqual(['http://a.test (10.0.0.1:80)']);
    server.records.set('a.test', { A: A.slice(1) });
    it.nextLookup();
    await it.until(() => it.names.length === 1000);
  });

  test('name servers of its own: A and AAAA; a family that fails keeps what was known', async () => {
    const server = await dns({ 'a.test': { A: ['10.0.0.1'], AAAA: ['fd00::1'] } });
    const it = discover('http://a.test', { discovery: { servers: [server.address] } });
    await it.group.ready();
    expect(it.names).toEqual(['http://a.test (10.0.0.1:80)', 'http://a.test ([fd00::1]:80)']);
    server.behaviours.set('AAAA', 'fails');
    server.records.set('a.test', { A: ['10.0.0.2'] });
    it.nextLookup();
    await it.untilNames('http://a.test (10.0.0.2:80)', 'http://a.test ([fd00::1]:80)');
    expect(it.errors).toEqual(['a.test: queryAaaa ESERVFAIL a.test']);
  });

  test.each(['silent', 'garbage', 'mixed-up'] as const)(
    'a name server that is %s',
    async (behaviour) => {
      const server = await dns({ 'a.test': { A: ['10.0.0.1'] } });
      server.behaviour = behaviour;
      const it = discover('http://a.test', {
        discovery: { servers: [server.address], timeout: 5000 },
      });
      await it.until(() => server.queries.length > 0);
      it.clock.advance(5000);
      await it.group.ready();
      expect(it.errors).toEqual(['no answer within 5000 ms']);
      expect((await it.send().done).events).toEqual(['NO_BACKEND']);
      server.behaviour = 'answers';
      it.clock.advance(1100);
      await it.untilNames('http://a.test (10.0.0.1:80)');
    },
  );

  test('a name that resolves to nothing has no backend until it does', async () => {
    const server = await dns({});
    const it = discover('http://a.test', { discovery: { servers: [server.address] } });
    await it.group.ready();
    expect(it.errors).toEqual(['a.test has no addresses']);
    expect((await it.send().done).events).toEqual(['NO_BACKEND']);
    server.records.set('a.test', { A: ['10.0.0.1'] });
    it.clock.advance(1100);
    await it.untilNames('http://a.test (10.0.0.1:80)');
  });

  test('setBackends: other names are looked up, what is known serves at once', async () => {
    const network = new FakeNetwork({ '10.0.0.1': 'connects' });
    const it = discover('http://a.test', { discovery: {}, network });
    await it.group.ready();
    it.group.setBackends(['http://a.test', 'http://b.test']);
    expect(it.names).toEqual(['http://a.test (10.0.0.1:80)']);
    await it.untilNames('http://a.test (10.0.0.1:80)', 'http://b.test (10.0.0.1:80)');
  });
});

describe('SRV records', () => {
  async function service(...records: readonly (readonly [priority: number, weight: number])[]) {
    const backends = await Promise.all(records.map(() => origin()));
    const server = await dns({ 'node.test': { A: ['127.0.0.1'], AAAA: ['::1'], ttl: 0 } });
    const publish = (list: readonly RawOrigin[]) =>
      server.records.set('_http._tcp.shop.test', {
        SRV: list.map((one) => {
          const [priority = 0, weight = 0] = records[backends.indexOf(one)] ?? [];
          return { priority, weight, port: portOf(one), target: 'Node.test' };
        }),
      });
    publish(backends);
    const discovery = {
      type: 'srv',
      name: '_http._tcp.shop.test',
      servers: [server.address],
    } as const;
    return { backends, server, publish, discovery };
  }
  const requestsOf = ({ connections }: RawOrigin): number =>
    connections.reduce((sum, { requests }) => sum + requests, 0);

  test('weights, priorities, and a refresh by TTL', async () => {
    const { backends, server, publish, discovery } = await service([1, 3], [1, 1], [2, 1]);
    const it = discover('http://shop.test/base', { discovery });
    await it.group.ready();
    expect(it.errors).toEqual([]);
    for (let i = 0; i < 8; i++) await it.send(get('/', { fields: ['Host', 'shop.test'] })).done;
    expect(backends.map(requestsOf)).toEqual([6, 2, 0]);
    const [first, second, third] = it.names;
    it.group.drain(first!);
    it.group.drain(second!);
    expect((await it.send().done).exchange.backend).toBe(third);
    publish(backends.slice(2));
    const { length } = server.queries;
    // The TTL is 0: after a quarter of the interval, which is more than 5 s.
    it.clock.advance(7900);
    await it.untilNames(third!);
    expect(server.queries.slice(length)).toEqual(['SRV _http._tcp.shop.test', 'A node.test']);
  });

  test('a failure, an empty answer and a target without addresses keep what was known', async () => {
    const { server, discovery } = await service([1, 1]);
    const it = discover('http://shop.test', { discovery });
    await it.group.ready();
    const { names } = it;
    expect(names).toHaveLength(1);
    const cases = [
      () => server.behaviours.set('SRV', 'fails'),
      () => {
        server.behaviours.clear();
        server.records.set('_http._tcp.shop.test', {});
      },
      () => server.records.set('_http._tcp.shop.test', { SRV: [{ port: 80, target: '.' }] }),
      () =>
        server.records.set('_http._tcp.shop.test', { SRV: [{ port: 80, target: 'none.test' }] }),
    ];
    for (const [index, change] of cases.entries()) {
      change();
      const before = server.queries.length;
      it.nextLookup();
      await it.until(() => server.queries.length > before);
      for (let i = 0; i < 20; i++) await turn();
      expect(it.names, `case ${index}`).toEqual(names);
    }
    expect(it.errors).toEqual([
      'querySrv ESERVFAIL _http._tcp.shop.test',
      '_http._tcp.shop.test has no SRV records',
      'none.test has no addresses',
    ]);
  });

  test('it expects one backend', () => {
    const discovery = { type: 'srv', name: '_http._tcp.shop.test' } as const;
    expect(() => discover(['http://a.test', 'http://b.test'], { discovery })).toThrow(
      /expects one backend/,
    );
  });
});

describe('a function that yields lists', () => {
  test('each serves at once, whenever it comes; an invalid one changes nothing; after the last it is called again', async () => {
    let calls = 0;
    let waiting: ((list: BackendInput[] | null) => void) | null = null;
    const it = discover([], {
      discovery: {
        async *list() {
          calls++;
          for (;;) {
            const list = await new Promise<BackendInput[] | null>((resolve) => {
              waiting = resolve;
            });
            if (list === null) return;
            yield list;
          }
        },
        interval: 1000,
        timeout: 500,
      },
    });
    const yields = async (list: BackendInput[] | null): Promise<void> => {
      await it.until(() => waiting !== null);
      waiting?.(list);
      waiting = null;
    };
    await yields(['http://10.0.0.1']);
    await it.group.ready();
    it.clock.advance(110);
    await it.until(() => waiting !== null);
    it.clock.advance(60_000);
    expect([it.names, it.errors]).toEqual([['http://10.0.0.1'], []]);
    await yields(['ftp://a']);
    await it.until(() => it.errors.length === 1);
    expect(it.names).toEqual(['http://10.0.0.1']);
    it.clock.advance(1100);
    await yields(['http://10.0.0.2']);
    await it.untilNames('http://10.0.0.2');
    it.clock.advance(110);
    await yields(null);
    await it.until(() => {
      it.clock.advance(1100);
      return calls === 2;
    });
    expect(it.names).toEqual(['http://10.0.0.2']);
  });

  test('it ends with the group, and where the first list takes too long', async () => {
    const signals: AbortSignal[] = [];
    let finished = 0;
    const it = discover([], {
      discovery: {
        async *list(signal) {
          const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve));
          signals.push(signal);
          try {
            if (signals.length === 1) await aborted;
            yield ['http://10.0.0.1'];
            await aborted;
          } finally {
            finished++;
          }
        },
        timeout: 500,
      },
    });
    await it.until(() => signals.length === 1);
    it.clock.advance(500);
    await it.until(() => finished === 1);
    expect(it.errors).toEqual(['no answer within 500 ms']);
    it.clock.advance(1100);
    await it.untilNames('http://10.0.0.1');
    it.group.release();
    await it.until(() => finished === 2);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
  });
});

describe('a function', () => {
  test('its list serves; what it throws, and an invalid list, change nothing', async () => {
    let next: () => unknown = () => ['http://10.0.0.1', { url: 'http://10.0.0.2', weight: 2 }];
    const signals: AbortSignal[] = [];
    const it = discover([], {
      discovery: {
        list: async (signal) => {
          signals.push(signal);
          return next() as string[];
        },
        interval: 1000,
      },
    });
    await it.group.ready();
    expect(it.names).toEqual(['http://10.0.0.1', 'http://10.0.0.2']);
    const wrong: [() => unknown, RegExp][] = [
      [() => Promise.reject(new Error('registry is down')), /^registry is down$/],
      [() => ['ftp://a'], /^list\[0\]: /],
      [() => undefined, /^list: /],
      [() => [], /^the list is empty$/],
      [
        () => Array.from({ length: 1001 }, (_, i) => `http://h${i}.test`),
        /^more than 1000 backends$/,
      ],
      [() => ['http://a', 'http://a'], /^list\[1\]: has the name of/],
    ];
    for (const [index, [change, message]] of wrong.entries()) {
      next = change;
      it.clock.advance(1100);
      await it.until(() => it.errors.length === index + 1);
      expect(it.errors[index]).toMatch(message);
      expect(it.names).toHaveLength(2);
    }
    next = () => 'http://10.0.0.3';
    it.clock.advance(1100);
    await it.untilNames('http://10.0.0.3');
    expect(signals.every(({ aborted }) => !aborted)).toBe(true);
    expect(() => it.group.setBackends('http://a')).toThrow(/the function of discovery says/);
  });

  test('one that takes too long, or is not needed any more, is told by its signal', async () => {
    const signals: AbortSignal[] = [];
    const never = (signal: AbortSignal) => {
      signals.push(signal);
      return new Promise<string[]>(() => {});
    };
    const it = discover('http://10.0.0.9', { discovery: { list: never, timeout: 500 } });
    expect(it.names).toEqual(['http://10.0.0.9']);
    it.clock.advance(500);
    await it.group.ready();
    it.clock.advance(1100);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(signals[0]!.reason).toMatchObject({ message: 'no answer within 500 ms' });
    it.group.release();
    expect(signals[1]!.aborted).toBe(true);
  });
});

describe('TLS to an address', () => {
  test('SNI and the certificate are those of the name, whatever DNS says', async () => {
    const names: unknown[] = [];
    const good = await origin({ tls: certificates.wrongName });
    good.server.on('secureConnection', (socket: TLSSocket) => names.push(socket.servername));
    const server = await dns({ 'node.test': { A: ['127.0.0.1'] } });
    const publish = (one: RawOrigin) =>
      server.records.set('_https._tcp.x', { SRV: [{ port: portOf(one), target: 'node.test' }] });
    publish(good);
    const it = discover('https://other.example', {
      discovery: { type: 'srv', name: '_https._tcp.x', servers: [server.address] },
      pool: { tls: { ca: certificates.ca } },
      retry: { attempts: 0 },
    });
    await it.group.ready();
    expect((await it.send().done).body).toBe('ok');
    expect(names).toEqual(['other.example']);
    // A good certificate of another name: who answers for DNS cannot lead us there.
    const other = await origin({ tls: certificates.server });
    publish(other);
    it.nextLookup();
    await it.untilNames(`https://other.example (127.0.0.1:${portOf(other)})`);
    expect((await it.send().done).events).toEqual(['UPSTREAM_TLS']);
    expect(other.connections.map(({ received }) => received).join('')).toBe('');
  });

  test('HTTP/2', async () => {
    const authorities: unknown[] = [];
    const bench = await http2Bench(
      (stream, headers) => {
        authorities.push(headers[':authority']);
        stream.respond({ ':status': 200 });
        stream.end('two');
      },
      { tls: true, server: certificates.wrongName },
    );
    const server = await dns({ 'other.example': { A: ['127.0.0.1'] } });
    const port = portOf(bench.backend);
    const it = discover(`https://other.example:${port}`, {
      discovery: { servers: [server.address] },
      pool: { protocols: ['http2'], tls: { ca: certificates.ca } },
    });
    await it.group.ready();
    const sent = await it.send(get('/', { fields: ['Host', `other.example:${port}`] })).done;
    expect(sent.body).toBe('two');
    expect(authorities).toEqual([`other.example:${port}`]);
  });
});

test.each([
  [{ type: 'dns', name: 'a' }, /discovery\.name: only for type "srv"/],
  [{ type: 'srv' }, /discovery\.name: required/],
  [{ type: 'srv', name: 'a b' }, /discovery\.name/],
  [{ list: () => [], name: 'a' }, /discovery\.name: not used with list/],
  [{ list: 'http://a' }, /discovery\.list/],
  [{ interval: 0 }, /discovery\.interval/],
  [{ timeout: -1 }, /discovery\.timeout/],
  [{ servers: [] }, /discovery\.servers/],
  [{ servers: ['localhost'] }, /discovery\.servers/],
  [{ servers: ['10.0.0.1:0'] }, /discovery\.servers/],
  [{ servers: ['10.0.0.1:99999'] }, /discovery\.servers/],
  [{ servers: ['[10.0.0.1]:53'] }, /discovery\.servers/],
  ['dns', /discovery/],
  [7, /discovery/],
])('refused: %j', (discovery, message) => {
  expect(() => discover('http://a.test', { discovery: discovery as never })).toThrow(message);
});

test('accepted: name servers in every form, and a function alone', async () => {
  const servers = ['10.0.0.1', '10.0.0.1:8600', '::1', '[::1]', '[::1]:53'];
  const network = {
    ...new FakeNetwork({}),
    lookup: () => {},
    connect: () => {
      throw new Error('nothing is asked');
    },
    nameServers: (addresses: readonly string[] | null) => {
      expect(addresses).toEqual(servers);
      const answer = () => Promise.resolve([{ address: '10.0.0.7', ttl: 1 }]);
      return {
        resolve4: answer,
        resolve6: answer,
        resolveSrv: () => Promise.resolve([]),
        cancel() {},
      };
    },
  };
  const it = discover('http://a.test', { discovery: { servers }, network });
  await it.untilNames('http://a.test (10.0.0.7:80)');
  const other = discover([], { discovery: () => Promise.resolve('http://10.0.0.1') });
  await other.untilNames('http://10.0.0.1');
});
