import { deferred, eventually, guarded, turn } from '@reverseit/test-servers';
import { describe, expect, test } from 'vitest';
import { Requests, request, useRig } from '../../test/server-rig.ts';
import type { Exchange, SwitchedSocket, Tunnel } from '../index.ts';

const start = useRig();

const upgrade = request('GET /ws', ['Connection: Upgrade', 'Upgrade: echo']);
const fields = ['connection', 'Upgrade', 'upgrade', 'echo'];

/** A tunnel that sends back what it gets, and notes what the server tells it. */
class Echo implements Tunnel {
  readonly told: string[] = [];
  readonly switched: SwitchedSocket;

  constructor(exchange: Exchange) {
    this.switched = exchange.switchProtocols(fields, this);
    const { socket, early } = this.switched;
    socket.write(early);
    socket.on('data', (chunk: Buffer) => socket.write(chunk));
    socket.on('end', () => socket.end());
    socket.resume();
  }

  shutdown(): void {
    this.told.push('shutdown');
    this.switched.socket.end();
  }

  destroy(): void {
    this.told.push('destroy');
  }
}

describe('a switch of protocols (RFC 9110 §15.2.2, §7.8)', () => {
  test('the 101, bytes that came early, and all that follows', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener, { keepAliveTimeout: 20, requestHeaderTimeout: 300 });
    const client = await rig.client();
    client.send(`${upgrade}early`);
    const { exchange } = await requests.next();
    client.send(', too');
    await turn();
    const tunnel = new Echo(exchange);
    expect([exchange.done, exchange.status]).toEqual([true, 101]);
    expect(String(await client.reader.takeThrough('\r\n\r\n'))).toBe(
      'HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n',
    );
    expect(String(await client.reader.take(10))).toBe('early, too');
    expect(rig.server.stats()).toMatchObject({ connections: 1, activeExchanges: 0 });
    // The server's own timeouts have nothing to say any more: another connection's passes meanwhile.
    const other = await rig.client();
    expect((await other.readResponse()).status).toBe(408);
    client.send(request('GET /not-http'));
    expect(String(await client.reader.takeThrough('\r\n\r\n'))).toContain('/not-http');
    client.end();
    await client.expectFin();
    await eventually(() => rig.server.stats().connections === 1, 'the tunnel to end');
    expect([requests.count, tunnel.told]).toEqual([1, []]);
  });

  test('a refusal leaves the connection to HTTP', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const client = await rig.client();
    client.send(upgrade + request('GET /next'));
    (await requests.next()).exchange.respond(426, [], '');
    expect((await client.readResponse()).status).toBe(426);
    (await requests.next()).exchange.respond(200, [], 'next');
    expect((await client.readResponse()).text).toBe('next');
  });

  test('close tells the tunnel, and the deadline ends it', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const client = await rig.client();
    client.send(upgrade);
    const tunnel = new Echo((await requests.next()).exchange);
    tunnel.shutdown = () => tunnel.told.push('shutdown');
    await client.reader.takeThrough('\r\n\r\n');
    await guarded(rig.server.close({ timeout: 30 }), 'the server to close');
    expect(tunnel.told).toEqual(['shutdown', 'destroy']);
    await client.reader.whenGone();
  });

  test('a client that has left before: abort, and no switch', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const client = await rig.client();
    client.send(upgrade);
    const recorder = await requests.next();
    client.reset();
    await recorder.aborted();
    expect(() => new Echo(recorder.exchange)).toThrow(
      expect.objectContaining({ code: 'RIT_ERR_INTERNAL' }),
    );
  });

  test('a client whose FIN came before: the first byte of the 101 is not sent twice', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const client = await rig.client();
    client.send(`${upgrade}early`);
    client.end();
    const { exchange } = await requests.next();
    await client.reader.whenReceived(2);
    const { switched } = new Echo(exchange);
    expect(String(await client.reader.takeThrough('\r\n\r\n'))).toMatch(/^HTTP\/1\.1 101 /);
    expect(String(await client.reader.take(5))).toBe('early');
    switched.socket.end();
    await client.expectFin();
  });

  test('bytes after the request are held up to the bound that was asked for', async () => {
    const requests = new Requests();
    const rig = await start(requests.listener);
    const client = await rig.client();
    client.send(upgrade);
    const { exchange } = await requests.next();
    exchange.setEarlyDataLimit(1_000_000);
    const size = 900_000;
    await client.write(Buffer.alloc(size, 'x'));
    const done = deferred();
    let seen = 0;
    const tunnel: Tunnel = { shutdown: () => {}, destroy: () => {} };
    const { socket, early } = exchange.switchProtocols(fields, tunnel);
    seen += early.length;
    socket.on('data', (chunk: Buffer) => {
      seen += chunk.length;
      if (seen === size) done.resolve();
    });
    socket.resume();
    if (seen === size) done.resolve();
    await guarded(done.promise, 'all bytes');
    socket.destroy();
    await client.reader.whenGone();
  });
});
