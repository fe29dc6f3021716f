import { Deadlines } from '@reverseit/core/deadlines';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PooledConnection } from '../connect/pooled-connection.ts';
import type {
  ClientCloseListener,
  ClientConnection,
} from '../exchange/message/upstream-request.ts';
import { BoundConnections } from './bound-connections.ts';

class Client implements ClientConnection {
  closed = false;
  readonly listeners = new Set<ClientCloseListener>();

  addCloseListener(listener: ClientCloseListener): void {
    this.listeners.add(listener);
  }

  removeCloseListener(listener: ClientCloseListener): void {
    this.listeners.delete(listener);
  }

  close(): void {
    this.closed = true;
    for (const listener of [...this.listeners]) listener.onClientClosed(this);
  }
}

/** As much of a connection as is looked at; dropped at once, as if its socket were closed. */
class Connection {
  state = 'busy';
  readonly client: Client;
  readonly #bound: BoundConnections;

  constructor(client: Client, bound: BoundConnections) {
    this.client = client;
    this.#bound = bound;
  }

  get pooled(): PooledConnection {
    return this as unknown as PooledConnection;
  }

  /** Its request is over. */
  rest(): boolean {
    this.state = 'idle';
    const kept = this.#bound.keep(this.pooled);
    if (!kept) this.drop();
    return kept;
  }

  drop(): void {
    this.state = 'closed';
    this.#bound.remove(this.pooled);
  }
}

const perHeader = { maxPerClient: Number.POSITIVE_INFINITY, grace: null };

describe('connections with a PROXY header', () => {
  it('are taken again by their client, the one used last first', () => {
    const bound = new BoundConnections(perHeader);
    const [a, b] = [new Client(), new Client()];
    const [first, second] = [new Connection(a, bound), new Connection(a, bound)];
    expect([first.rest(), second.rest()]).toEqual([true, true]);
    expect([bound.has(a), bound.has(b), bound.take(b)]).toEqual([true, false, null]);
    for (const expected of [second, first]) {
      expect(bound.take(a)).toBe(expected);
      expected.state = 'claimed';
    }
    expect([bound.take(a), bound.has(a), bound.isEmpty]).toEqual([null, false, false]);
  });

  it('make room at once, the one unused longest first', () => {
    const bound = new BoundConnections(perHeader);
    const [a, b] = [new Client(), new Client()];
    const [first, second] = [new Connection(a, bound), new Connection(b, bound)];
    expect(bound.canMakeRoom).toBe(false);
    first.rest();
    second.rest();
    expect(bound.canMakeRoom).toBe(true);
    bound.makeRoom();
    expect([first.state, second.state]).toEqual(['closed', 'idle']);
    expect([a.listeners.size, b.listeners.size]).toEqual([0, 1]);
  });

  it('end with their client, but for those in use', () => {
    const bound = new BoundConnections(perHeader);
    const a = new Client();
    const all = [1, 2, 3].map(() => new Connection(a, bound));
    for (const one of all) one.rest();
    bound.take(a);
    all[2]!.state = 'busy';
    a.close();
    expect(all.map(({ state }) => state)).toEqual(['closed', 'closed', 'busy']);
    expect(all[2]!.rest()).toBe(false);
    expect([bound.isEmpty, a.listeners.size]).toEqual([true, 0]);
  });
});

it('a login: one for each client, and room is made after a while', () => {
  const deadlines = new Deadlines();
  const bound = new BoundConnections({ maxPerClient: 1, grace: deadlines.queue(1000) });
  const a = new Client();
  const [first, second] = [new Connection(a, bound), new Connection(a, bound)];
  expect([first.rest(), second.rest(), bound.canMakeRoom]).toEqual([true, false, false]);
  deadlines.dispose();
});

describe('whatever happens', () => {
  const step = fc.record({
    what: fc.constantFrom('request', 'rest', 'close', 'lose', 'room', 'drain'),
    whose: fc.nat(2),
    which: fc.nat(5),
  });

  it('nobody gets the connection of another, and nothing is kept of who has left', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const bound = new BoundConnections(perHeader);
        const clients = [new Client(), new Client(), new Client()];
        const open: Connection[] = [];
        for (const { what, whose, which } of steps) {
          const client = clients[whose] as Client;
          const one = open[which % Math.max(1, open.length)];
          if (what === 'request' && !client.closed) {
            const taken = bound.take(client) as unknown as Connection | null;
            expect([taken?.client ?? client, taken?.state ?? 'idle']).toEqual([client, 'idle']);
            const connection = taken ?? new Connection(client, bound);
            connection.state = 'busy';
            if (taken === null) open.push(connection);
          } else if (what === 'rest' && one?.state === 'busy') one.rest();
          else if (what === 'lose') one?.drop();
          else if (what === 'close') client.close();
          else if (what === 'room') bound.makeRoom();
          else if (what === 'drain') bound.drain();
          const left = open.filter(({ state }) => state !== 'closed');
          open.splice(0, open.length, ...left);
          for (const client of clients) {
            const idle = open.filter((it) => it.client === client && it.state === 'idle').length;
            expect(bound.has(client)).toBe(idle > 0);
            if (client.closed) expect(idle).toBe(0);
          }
        }
        for (const client of clients) client.close();
        for (const connection of open) if (connection.state === 'busy') connection.rest();
        expect([bound.isEmpty, clients.map(({ listeners }) => listeners.size)]).toEqual([
          true,
          [0, 0, 0],
        ]);
      }),
    );
  });
});
