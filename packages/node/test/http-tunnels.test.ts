/** Switches to protocols of which the proxy knows the name only (RFC 9110 §7.8): Docker, Kubernetes. */
import { usesNodeInternals } from '@reverseit/core/internal';
import { eventually, patternBytes, waitForPeerGone } from '@reverseit/test-servers';
import { describe, expect, it } from 'vitest';
import type { AccessRecord } from '../src/index.ts';
import { type Ends, fronts, switched, type TunnelRig, useTunnels } from './tunnel-rig.ts';
import { atRest } from './websocket-rig.ts';

const start = useTunnels();

const offer = (protocol: string): string[] => ['Connection: Upgrade', `Upgrade: ${protocol}`];
const post = (fields: readonly string[], content = ''): string =>
  ['POST /exec HTTP/1.1', 'Host: a', ...offer('tcp'), ...fields, '', content].join('\r\n');
const attach = post(['Content-Length: 0']);
const json = '{"Detach":false,"Tty":true}';

/** Bytes go both ways. */
async function expectTunnel({ client, backend }: Ends): Promise<void> {
  await client.write('ping');
  expect(String(await backend.reader.take(4))).toBe('ping');
  await backend.send('pong');
  expect(String(await client.reader.take(4))).toBe('pong');
}

describe.each(fronts)('%s', (name, front) => {
  it('passes what `docker attach` asks for, and the 101', async () => {
    const fields = ['Content-Type: application/vnd.docker.raw-stream', 'X-A: 1', 'x-a: 2'];
    const rig = await start({ front, answer: switched('tcp', [...fields, 'Content-Length: 0']) });
    const ends = await rig.open(attach);
    const { head, request } = ends;
    expect(head.fields.map((field) => field.join(': '))).toEqual([
      'Upgrade: tcp',
      'Connection: Upgrade',
      ...fields,
    ]);
    expect([
      request.method,
      request.target,
      ...request.fields.map((field) => field.join(': ')),
    ]).toEqual([
      'POST',
      '/exec',
      `host: 127.0.0.1:${rig.origin.port}`,
      'connection: upgrade',
      'upgrade: tcp',
      'content-length: 0',
    ]);
    expect(rig.proxy.stats()).toMatchObject({ tunnels: 1, webSockets: 0, activeExchanges: 0 });
    await expectTunnel(ends);
  });

  it.each([
    ['SPDY/3.1', 'SPDY/3.1', 'SPDY/3.1'],
    ['TCP', 'TCP', 'tcp'],
    ['h2c, tcp', 'tcp', 'tcp'],
    ['SPDY/3.1, tcp', 'SPDY/3.1, tcp', 'tcp'],
  ])('RFC 9110 §7.8: of an offer of %s asks for %s', async (offered, asked, chosen) => {
    const rig = await start({ front, answer: switched(chosen) });
    const ends = await rig.open(
      ['GET /x HTTP/1.1', 'Host: a', ...offer(offered), '', ''].join('\r\n'),
    );
    expect(ends.request.header('upgrade')).toBe(asked);
    await expectTunnel(ends);
  });

  it.each<[name: string, pieces: readonly string[], body: string]>([
    ['with its head', [post([`Content-Length: ${json.length}`], json)], json],
    ['after its head', [post([`Content-Length: ${json.length}`]), json], json],
    [
      'in pieces, the last with early bytes',
      [post([`Content-Length: ${json.length}`], json.slice(0, 5)), `${json.slice(5)}early`],
      json,
    ],
    [
      'in chunks',
      [post(['Transfer-Encoding: chunked']), '3\r\nabc\r\n2', '\r\nde\r\n0\r\n\r\nearly'],
      'abcde',
    ],
    ['and early bytes at once', [post(['Content-Length: 3'], 'abcearly')], 'abc'],
  ])('`docker exec`: content comes whole before the switch: %s', async (_name, pieces, body) => {
    const rig = await start({ front });
    const ends = await rig.open(...pieces);
    expect(ends.request.body.toString()).toBe(body);
    if (pieces.join('').endsWith('early')) {
      expect(String(await ends.backend.reader.take(5))).toBe('early');
    }
    await expectTunnel(ends);
  });

  it.each([0, 100_000])('content that is streamed, beyond %d bytes', async (most) => {
    const rig = await start({ front, options: { requestBodyBufferSize: most } });
    const body = patternBytes(300_000).toString('latin1');
    const ends = await rig.open(post([`Content-Length: ${body.length}`]), body);
    expect(ends.request.body.toString('latin1') === body).toBe(true);
    await expectTunnel(ends);
  });

  // Whether Node has sent it by itself, only a private field tells.
  const knowsContinue = name !== 'createHandler' || usesNodeInternals;
  it.runIf(knowsContinue)('RFC 9110 §10.1.1: a client that waits for 100 (Continue)', async () => {
    const rig = await start({ front });
    const client = await rig.connect();
    client.send(post(['Content-Length: 3', 'Expect: 100-continue']));
    expect(String(await client.reader.takeThrough('\r\n\r\n'))).toBe(
      'HTTP/1.1 100 Continue\r\n\r\n',
    );
    client.send('abc');
    expect((await client.readHead()).head.status).toBe(101);
    expect((await rig.origin.request()).body.toString()).toBe('abc');
  });

  it('the 101 binds the client to its backend', async () => {
    const rig = await start({ front, options: { affinity: { cookie: 'at' } } });
    const { head } = await rig.open(attach);
    const cookies = head.fields.filter(([name]) => name.toLowerCase() === 'set-cookie');
    expect(cookies).toEqual([[expect.any(String), expect.stringMatching(/^at=[\w-]{22}; /)]]);
  });

  it('keeps early bytes of the backend before those that follow', async () => {
    const rig = await start({ front, answer: `${switched('tcp')}first ` });
    const { client, backend } = await rig.open(attach);
    await backend.send('second');
    expect(String(await client.reader.take(12))).toBe('first second');
  });

  it.each([
    ['client', false],
    ['backend', false],
    ['client', true],
    ['backend', true],
  ] as const)('half-close: the %s ends first (TLS: %s)', async (first, tls) => {
    const rig = await start({ front, tls });
    const { client, backend } = await rig.open(attach);
    const [from, to] = first === 'client' ? [client, backend] : [backend, client];
    const large = patternBytes(2 << 20);
    from.socket.write(large);
    from.end();
    expect((await to.reader.takeAll()).equals(large)).toBe(true);
    expect(from.socket.closed).toBe(false);
    to.socket.write(large);
    to.end();
    expect((await from.reader.takeAll()).equals(large)).toBe(true);
    await rig.whenIdle();
  });

  it.each(['client', 'backend'] as const)('a %s that resets it resets the other', async (who) => {
    const records: AccessRecord[] = [];
    const rig = await start({ front, options: { onFinish: (record) => records.push(record) } });
    const ends = await rig.open(attach);
    await expectTunnel(ends);
    const { client, backend } = ends;
    if (who === 'client') {
      client.reset();
      expect(await backend.whenPeerGone()).toBe('reset');
    } else {
      backend.reset();
      await client.expectReset();
    }
    await rig.whenIdle();
    expect(records.map(({ status, errorCode }) => [status, errorCode])).toEqual([
      [101, who === 'client' ? 'RIT_ERR_CLIENT_ABORTED' : 'RIT_ERR_UPSTREAM_TRUNCATED'],
    ]);
  });

  it('records what passed', async () => {
    const records: AccessRecord[] = [];
    const rig = await start({ front, options: { onFinish: (record) => records.push(record) } });
    const ends = await rig.open(post(['Content-Length: 3'], 'abc'));
    await expectTunnel(ends);
    await ends.backend.send('!');
    ends.backend.end();
    expect(String(await ends.client.reader.takeAll())).toBe('!');
    expect(records).toEqual([]);
    ends.client.end();
    await rig.whenIdle();
    expect(records).toMatchObject([
      { status: 101, errorCode: null, bytesReceived: 3 + 4, bytesSent: 4 + 1 },
    ]);
  });

  it('tunnelIdleTimeout: resets both where neither sends, and says so', async () => {
    const records: AccessRecord[] = [];
    const rig = await start({
      front,
      options: {
        tunnelIdleTimeout: 100,
        websocketIdleTimeout: 0,
        onFinish: (record) => records.push(record),
      },
    });
    const { client, backend } = await rig.open(attach);
    await client.expectReset();
    expect(await backend.whenPeerGone()).toBe('reset');
    await rig.whenIdle();
    expect(records.map(({ errorCode }) => errorCode)).toEqual(['RIT_ERR_TUNNEL_IDLE']);
    expect(records[0]?.error?.message).toContain('tunnelIdleTimeout (100 ms)');
  });

  it('tunnelIdleTimeout: is websocketIdleTimeout unless given', async () => {
    const rig = await start({ front, options: { websocketIdleTimeout: 100 } });
    const { client } = await rig.open(attach);
    await client.expectReset();
  });

  it.each(['client', 'backend'] as const)(
    'reads no more of the other than a %s takes that does not read',
    async (who) => {
      const rig = await start({ front, options: { tunnelIdleTimeout: 0 } });
      const { client, backend } = await rig.open(attach);
      const [to, from] = who === 'client' ? [client, backend] : [backend, client];
      const large = patternBytes(32 << 20);
      to.pauseReading();
      from.socket.write(large);
      await atRest(from);
      // What the kernel holds for three connections, and no more.
      expect(from.socket.writableLength).toBeGreaterThan(8 << 20);
      to.resumeReading();
      expect((await to.reader.take(large.length)).equals(large)).toBe(true);
    },
  );

  it('a close waits for a tunnel to end by itself', async () => {
    const rig = await start({ front });
    const ends = await rig.open(attach);
    let closed = false;
    const closing = rig.proxy.close({ timeout: 60_000 }).then(() => {
      closed = true;
    });
    await expectTunnel(ends);
    expect(closed).toBe(false);
    ends.client.end();
    await ends.backend.reader.takeAll();
    ends.backend.end();
    await closing;
  });

  it('a close cuts what is left when its time is up', async () => {
    const records: AccessRecord[] = [];
    const rig = await start({ front, options: { onFinish: (record) => records.push(record) } });
    const { client, backend } = await rig.open(attach);
    await rig.proxy.close({ timeout: 50 });
    await client.expectReset();
    expect(await backend.whenPeerGone()).toBe('reset');
    expect(records.map(({ errorCode }) => errorCode)).toEqual(['RIT_ERR_SHUTDOWN']);
  });

  it.each([
    ['another protocol', switched('h2c')],
    ['websocket', switched('websocket')],
    ['a second protocol', switched('tcp, h2c')],
    ['no protocol', 'HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\n\r\n'],
    ['a protocol that Connection does not name', 'HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\n\r\n'],
  ])('RFC 9110 §7.8: a backend that switches to %s is a 502', async (_name, answer) => {
    const rig = await start({ front, answer });
    const client = await rig.connect();
    const refused = await client.request(attach);
    expect([refused.status, refused.header('connection')]).toEqual([502, 'close']);
    await client.expectFin();
  });

  it('relays the answer of a backend that does not switch, as the last', async () => {
    const answer = 'HTTP/1.1 409 Conflict\r\ncontent-length: 4\r\nx-a: b\r\n\r\nbusy';
    const rig = await start({ front, answer });
    const client = await rig.connect();
    const refused = await client.request(`${attach}GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect([
      refused.status,
      refused.text,
      refused.header('x-a'),
      refused.header('connection'),
    ]).toEqual([409, 'busy', 'b', 'close']);
    await client.expectFin();
    expect(rig.origin.requestCount).toBe(1);
  });

  it.each([
    ['not listed', ['websocket']],
    ['listed in another version', ['spdy/3.1', 'tcp/2']],
    ['of an empty list', []],
  ])('an offer that is %s is ignored', async (_name, upgrades) => {
    const answer = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
    const rig = await start({ front, options: { upgrades }, answer });
    const client = await rig.connect();
    const answered = await client.request(post(['Content-Length: 3'], 'abc'));
    expect([answered.status, answered.text]).toEqual([200, 'ok']);
    const request = await rig.origin.request();
    expect([
      request.header('upgrade'),
      request.header('connection'),
      request.body.toString(),
    ]).toEqual([undefined, 'keep-alive', 'abc']);
  });

  it('upgrades: [] makes a WebSocket’s handshake an ordinary request', async () => {
    const answer = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
    const rig = await start({ front, options: { upgrades: [] }, answer });
    const client = await rig.connect();
    const answered = await client.request(
      ['GET / HTTP/1.1', 'Host: a', ...offer('websocket'), '', ''].join('\r\n'),
    );
    expect(answered.status).toBe(200);
    expect((await rig.origin.request()).header('upgrade')).toBe(undefined);
  });

  it.each([
    ['content beyond maxRequestBodySize', post(['Content-Length: 11']), 413],
    [
      'chunks beyond maxRequestBodySize',
      post(['Transfer-Encoding: chunked'], 'b\r\n12345678901\r\n'),
      413,
    ],
  ])('refuses %s', async (_name, request, status) => {
    const rig = await start({ front, options: { maxRequestBodySize: 10 } });
    const client = await rig.connect();
    expect((await client.request(request)).status).toBe(status);
    await client.expectFin();
    expect(rig.origin.connectionCount).toBe(0);
  });

  it('RFC 9112 §7.1: refuses chunks that are malformed', async () => {
    const rig = await start({ front, options: { requestBodyReadTimeout: 1000 } });
    const client = await rig.connect();
    const { status } = await client.request(post(['Transfer-Encoding: chunked'], 'x\r\n'));
    // Node 26 reads the content for a handler, and tells nobody of what is wrong with it.
    const isHidden = name === 'createHandler' && Number.parseInt(process.versions.node, 10) >= 26;
    expect(status).toBe(isHidden ? 408 : 400);
    await client.expectFin();
    expect(rig.origin.connectionCount).toBe(0);
  });

  it('requestBodyReadTimeout: content that stalls is a 408', async () => {
    const rig = await start({ front, options: { requestBodyReadTimeout: 100 } });
    const client = await rig.connect();
    expect((await client.request(post(['Content-Length: 3'], 'a'))).status).toBe(408);
    await client.expectFin();
  });

  it('a client that leaves within its content leaves nothing behind', async () => {
    const options = { requestBodyBufferSize: 0 };
    const rig = await start({ front, options, script: waitForPeerGone() });
    const client = await rig.connect();
    await client.write(post(['Content-Length: 30'], 'a'));
    await eventually(() => rig.origin.connectionCount === 1, 'the backend to be asked');
    client.reset();
    await rig.whenIdle();
  });

  it('a client that leaves a request that was refused leaves nothing behind', async () => {
    const rig = await start({ front });
    const client = await rig.connect();
    const fields = ['Sec-WebSocket-Version: 13', 'Content-Length: 9'];
    const request = ['POST / HTTP/1.1', 'Host: a', ...offer('websocket'), ...fields, '', ''];
    expect((await client.request(request.join('\r\n'))).status).toBe(400);
    client.reset();
    await rig.whenIdle();
  });

  it('responseHeaderTimeout: a backend that does not answer is a 504', async () => {
    const rig = await start({ front, options: { responseHeaderTimeout: 100 }, answer: '' });
    const client = await rig.connect();
    expect((await client.request(attach)).status).toBe(504);
    await client.expectFin();
  });
});

it('TLS on both sides', async () => {
  for (const [, front] of fronts) {
    const rig: TunnelRig = await start({ front, tls: true });
    await expectTunnel(await rig.open(post([`Content-Length: ${json.length}`], json)));
  }
});
