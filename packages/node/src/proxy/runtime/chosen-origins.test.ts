import { Deadlines } from '@reverseit/core/deadlines';
import { FakeClock } from '@reverseit/test-servers/fake-clock';
import type { OriginPool } from '@reverseit/upstream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AllowedBackends, readBackendUrl } from '../../options/backends/allowed-backends.ts';
import { ChosenOrigins, type ChosenUrl } from './chosen-origins.ts';

class Ways {
  readonly opened: string[] = [];
  readonly released: string[] = [];

  readonly open = (origin: string): OriginPool => {
    this.opened.push(origin);
    return { release: () => this.released.push(origin) } as unknown as OriginPool;
  };

  /** Of origins that are open now. */
  get count(): number {
    return this.opened.length - this.released.length;
  }
}

function make(max: number) {
  const ways = new Ways();
  const clock = new FakeClock();
  const deadlines = new Deadlines(clock);
  const origins = new ChosenOrigins(ways.open, deadlines.queue(1000), max);
  const acquire = (url: string): ChosenUrl => {
    const read = readBackendUrl(url);
    if (read === null) throw new Error(`no URL: ${url}`);
    return origins.acquire(read);
  };
  return { ways, clock, origins, acquire };
}

test('requests to one origin share a way, whatever their paths', () => {
  const { ways, acquire } = make(1);
  const a = acquire('http://a/one');
  const b = acquire('HTTP://A:80/two');
  expect([a.pathPrefix, b.pathPrefix, a.way === b.way]).toEqual(['/one', '/two', true]);
  expect([a.url, b.url, a.authority]).toEqual(['http://a/one', 'http://a/two', 'a']);
  expect(acquire('http://a/two')).toBe(b);
  expect(ways.opened).toEqual(['http://a']);
});

test('the one unused longest makes room, and never one in use', () => {
  const { ways, origins, acquire } = make(2);
  const a = acquire('http://a');
  const b = acquire('http://b');
  expect(() => acquire('http://c')).toThrow(
    expect.objectContaining({ code: 'RIT_ERR_TOO_MANY_BACKENDS', status: 503 }),
  );
  b.release();
  a.release();
  acquire('http://c');
  expect(ways.released).toEqual(['http://b']);
  acquire('http://a');
  expect(origins.size).toBe(2);
});

test('one that nobody asks for is given up', () => {
  const { ways, clock, origins, acquire } = make(2);
  const a = acquire('http://a');
  clock.advance(5000);
  expect(ways.released).toEqual([]);
  a.release();
  clock.advance(900);
  acquire('http://a').release();
  clock.advance(900);
  expect(ways.released).toEqual([]);
  clock.advance(200);
  expect([ways.released, origins.size]).toEqual([['http://a'], 0]);
});

test('other rules: what they allow is kept, the rest ends with its requests', () => {
  const { ways, origins, acquire } = make(4);
  const held = acquire('http://a');
  acquire('http://b').release();
  acquire('http://c').release();
  acquire('http://d').release();
  origins.adopt(new AllowedBackends(['http://c', 'http://d']), 1);
  expect([ways.released, origins.size]).toEqual([['http://b', 'http://c'], 1]);
  held.release();
  expect(ways.released).toEqual(['http://b', 'http://c', 'http://a']);
  acquire('http://d');
  expect(ways.opened).toHaveLength(4);
});

test('after its end a request of before still gets a way, which goes with it', () => {
  const { ways, origins, acquire } = make(2);
  acquire('http://a').release();
  origins.close();
  const late = acquire('http://b');
  expect([origins.size, ways.released]).toEqual([0, ['http://a']]);
  late.release();
  expect(ways.count).toBe(0);
});

test('never more than its bound, and nothing is left in the end', () => {
  const step = fc.tuple(fc.nat(9), fc.nat(3), fc.nat(600));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const { ways, clock, origins, acquire } = make(4);
      const held: ChosenUrl[] = [];
      for (const [name, what, ms] of steps) {
        if (what === 0) held.shift()?.release();
        else if (what === 1) clock.advance(ms);
        else if (new Set(held.map(({ authority }) => authority)).size < 4 || held.length === 0) {
          held.push(acquire(`http://h${name}`));
        }
        expect(origins.size).toBeLessThanOrEqual(4);
        expect(ways.count).toBe(origins.size);
      }
      for (const one of held) one.release();
      clock.advance(1100);
      expect(ways.count).toBe(0);
    }),
  );
});
