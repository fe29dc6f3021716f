/** The stream of an extended CONNECT as a socket (RFC 8441 §5), frame by frame. */
import { eventually, patternBytes, turn } from '@reverseit/test-servers';
import {
  codeName,
  data,
  end,
  get,
  Http2Client,
  headers,
  open,
  reset,
  settings,
  windowUpdate,
} from '@reverseit/test-servers/http2-client';
import { END_HEADERS, END_STREAM, frame } from '@reverseit/test-servers/http2-frames';
import { describe, expect, test } from 'vitest';
import { Requests, type Rig, useRig } from '../../../test/server-rig.ts';
import { FLAG, FRAME, SETTING } from '../../http2/protocol.ts';
import type { Exchange, HttpServerOptions, SwitchedSocket, Tunnel } from '../../index.ts';

const start = useRig();

const connect = (protocol = 'echo', more: readonly string[] = []): string[] => [
  ...[':method', 'CONNECT', ':protocol', protocol, ...get('/chat').slice(2), ...more],
];

/** A tunnel that writes down what comes, and what the server tells it. */
class Recording implements Tunnel {
  readonly told: string[] = [];
  readonly switched: SwitchedSocket;
  received = '';
  ended = false;
  closed = false;
  error: Error | null = null;

  constructor(exchange: Exchange, reads = true) {
    this.switched = exchange.switchProtocols(['x-by', 'us'], this);
    const { socket, early } = this.switched;
    this.received = early.toString('latin1');
    socket.on('end', () => {
      this.ended = true;
    });
    socket.on('error', (error) => {
      this.error = error;
    });
    socket.on('close', () => {
      this.closed = true;
    });
    if (reads) this.read();
  }

  read(): void {
    this.switched.socket.on('data', (chunk: Buffer) => {
      this.received += chunk.toString('latin1');
    });
  }

  got(text: string): Promise<unknown> {
    return eventually(
      () => this.received === text,
      () => `${JSON.stringify(text)}; came ${JSON.stringify(this.received)}`,
    );
  }

  shutdown(): void {
    this.told.push('shutdown');
  }

  destroy(): void {
    this.told.push('destroy');
  }
}

interface Started {
  readonly rig: Rig;
  readonly client: Http2Client;
  readonly requests: Requests;
  /** Opens a tunnel on a stream. */
  tunnel(id?: number, reads?: boolean): Promise<Recording>;
}

async function begin(options: HttpServerOptions = {}): Promise<Started> {
  const requests = new Requests();
  const rig = await start(requests.listener, { ...options, protocols: ['http2'] });
  const client = await Http2Client.connect((rig.address as { port: number }).port);
  const tunnel = async (id = 1, reads = true): Promise<Recording> => {
    client.send(open(id, connect()));
    const recording = new Recording((await requests.next()).exchange, reads);
    await client.until(() => client.stream(id).sections.length > 0, 'the head');
    return recording;
  };
  return { rig, client, requests, tunnel };
}

/** What is in DATA frames of a stream. */
const bodyOf = (client: Http2Client, id = 1): string => client.stream(id).body;

const untilBody = (client: Http2Client, text: string, id = 1): Promise<void> =>
  client.until(() => bodyOf(client, id) === text, JSON.stringify(text));

describe('the head', () => {
  test('is 200, with the fields of the switch', async () => {
    const { client, tunnel, rig } = await begin();
    await tunnel();
    expect(client.stream(1)).toMatchObject({
      sections: [[':status', '200', 'x-by', 'us']],
      ended: false,
    });
    expect(rig.server.stats()).toMatchObject({ connections: 1, activeExchanges: 0 });
    await client.close();
  });

  test('bytes before it are early, in their order with those after', async () => {
    const { client, requests } = await begin();
    client.send(open(1, connect()), data(1, 'a'), data(1, ''), data(1, 'bc'.repeat(2000)));
    await client.ponged();
    const recording = new Recording((await requests.next()).exchange);
    expect(recording.received).toBe(`a${'bc'.repeat(2000)}`);
    client.send(end(1, 'd'));
    await recording.got(`a${'bc'.repeat(2000)}d`);
    await eventually(() => recording.ended, 'the end');
    await client.close();
  });

  test('a client that has ended before it: bytes, then the end; the other way stays open', async () => {
    const { client, requests } = await begin();
    client.send(open(1, connect()), end(1, 'early'));
    await client.ponged();
    const recording = new Recording((await requests.next()).exchange);
    await eventually(() => recording.ended, 'the end');
    expect(recording.received).toBe('early');
    recording.switched.socket.end('late');
    expect(await client.response(1)).toMatchObject({ status: '200', body: 'late', reset: null });
    await client.close();
  });

  test('bytes that nobody takes before it are bounded by the window', async () => {
    const { client, requests } = await begin();
    client.send(open(1, connect()));
    const piece = Buffer.alloc(16_384);
    for (let sent = 0; sent < 262_144; sent += piece.length) client.send(data(1, piece));
    client.send(data(1, 'x'));
    expect(codeName(await client.resetOf(1))).toBe('FLOW_CONTROL_ERROR');
    expect((await (await requests.next()).aborted()).code).toBe('RIT_ERR_HTTP2_PROTOCOL');
    await client.close();
  });
});

describe('bytes', () => {
  test('come as they were, however DATA frames cut them', async () => {
    const { client, tunnel } = await begin();
    const recording = await tunnel();
    const text = 'a frame of a WebSocket';
    let all = '';
    for (let cut = 0; cut <= text.length; cut++) {
      client.send(data(1, text.slice(0, cut)), data(1, ''), data(1, text.slice(cut)));
      all += text;
    }
    for (const character of text) client.send(data(1, character));
    const padded = Buffer.concat([Buffer.from([3]), Buffer.from('padded'), Buffer.alloc(3)]);
    client.send(frame(FRAME.DATA, FLAG.PADDED, 1, padded));
    await recording.got(`${all}${text}padded`);
    await client.close();
  });

  test('are as many as the tunnel takes, and no other stream waits for that', async () => {
    const { client, tunnel } = await begin();
    const deaf = await tunnel(1, false);
    const other = await tunnel(3);
    const piece = patternBytes(16_384);
    for (let i = 0; i < 16; i++) client.send(data(1, piece));
    client.send(data(3, 'x'));
    await other.got('x');
    await client.ponged();
    const updates = (): number =>
      client.frames.filter(({ type, id }) => type === FRAME.WINDOW_UPDATE && id === 1).length;
    expect([updates(), deaf.switched.socket.readableLength < 150_000]).toEqual([0, true]);
    deaf.read();
    await eventually(() => deaf.received.length === 262_144, 'the rest');
    await client.until(() => updates() > 0, 'a window');
    await client.close();
  });

  test('wait for windows, of one byte each', async () => {
    const { client, tunnel } = await begin();
    client.send(settings(SETTING.INITIAL_WINDOW_SIZE, 0));
    const { switched } = await tunnel();
    switched.socket.end('three');
    await client.ponged();
    expect(bodyOf(client)).toBe('');
    for (const text of ['t', 'th', 'thr', 'thre', 'three']) {
      client.send(windowUpdate(1, 1));
      await untilBody(client, text);
    }
    await client.until(() => client.stream(1).ended, 'the end');
    await client.close();
  });

  test('wait for a client as long as it likes: responseSendTimeout is for responses', async () => {
    const { client, tunnel, requests } = await begin({ responseSendTimeout: 50 });
    client.send(settings(SETTING.INITIAL_WINDOW_SIZE, 0));
    const recording = await tunnel();
    recording.switched.socket.write('waits');
    client.send(headers(3));
    (await requests.next()).exchange.respond(200, [], 'late');
    expect(codeName(await client.resetOf(3))).toBe('CANCEL');
    await client.ponged();
    expect([recording.closed, client.stream(1).reset]).toEqual([false, null]);
    client.send(windowUpdate(1, 100));
    await untilBody(client, 'waits');
    await client.close();
  });

  test('of many tunnels: one that takes nothing holds up none of the others', async () => {
    const { client, tunnel } = await begin();
    client.send(settings(SETTING.INITIAL_WINDOW_SIZE, 0), windowUpdate(0, 1 << 20));
    const deaf = await tunnel(1);
    for (let i = 0; i < 8; i++) deaf.switched.socket.write(Buffer.alloc(16_384));
    for (let id = 3; id < 43; id += 2) {
      client.send(windowUpdate(id === 3 ? 0 : id - 2, 1));
      const { switched } = await tunnel(id);
      client.send(windowUpdate(id, 1000));
      switched.socket.write(`hello ${id}`);
      await untilBody(client, `hello ${id}`, id);
    }
    expect(deaf.switched.socket.writableLength).toBeGreaterThan(65_536);
    await client.close();
  });
});

describe('the end', () => {
  test('END_STREAM of the client is its FIN; the other way stays open', async () => {
    const { client, tunnel } = await begin();
    const recording = await tunnel();
    client.send(end(1, 'last'));
    await eventually(() => recording.ended, 'the end');
    expect([recording.received, recording.closed]).toEqual(['last', false]);
    recording.switched.socket.write('still');
    await untilBody(client, 'still');
    recording.switched.socket.end();
    await client.until(() => client.stream(1).ended, 'END_STREAM');
    await eventually(() => recording.closed, 'the close');
    expect([recording.error, client.stream(1).reset]).toEqual([null, null]);
    await client.close();
  });

  test('end() is END_STREAM; the other way stays open', async () => {
    const { client, tunnel } = await begin();
    const recording = await tunnel();
    recording.switched.socket.end('last');
    await client.until(() => client.stream(1).ended, 'END_STREAM');
    client.send(data(1, 'still'));
    await recording.got('still');
    client.send(end(1));
    await eventually(() => recording.closed, 'the close');
    expect([recording.error, client.stream(1).reset]).toEqual([null, null]);
    await client.close();
  });

  test('RST_STREAM of the client is an error, also with bytes unread', async () => {
    const { client, tunnel, rig } = await begin();
    const recording = await tunnel(1, false);
    client.send(data(1, 'unread'), reset(1));
    await eventually(() => recording.closed, 'the close');
    expect(recording.error).toMatchObject({ code: 'RIT_ERR_CLIENT_ABORTED' });
    expect(rig.server.stats().connections).toBe(1);
    await client.close();
  });

  test.each([
    ['open', 0],
    ['after its own END_STREAM', 1],
  ])('destroy() is RST_STREAM with CANCEL: %s', async (_, ended) => {
    const { client, tunnel } = await begin();
    const recording = await tunnel();
    if (ended === 1) {
      recording.switched.socket.end();
      await client.until(() => client.stream(1).ended, 'END_STREAM');
    }
    recording.switched.socket.destroy();
    expect(codeName(await client.resetOf(1))).toBe('CANCEL');
    // What was in progress is no fault of the client's.
    client.send(data(1, 'late'), end(1));
    await client.ponged();
    expect(client.closed).toBe(false);
    await client.close();
  });

  test('RFC 9113 §8.5: HEADERS on it are an error of the stream', async () => {
    const { client, tunnel, requests } = await begin();
    const recording = await tunnel();
    client.send(headers(1, ['x', 'y'], END_HEADERS | END_STREAM));
    expect(codeName(await client.resetOf(1))).toBe('PROTOCOL_ERROR');
    await eventually(() => recording.closed, 'the close');
    client.send(open(3, connect()));
    const unanswered = await requests.next();
    client.send(headers(3, ['x', 'y'], END_HEADERS | END_STREAM));
    expect(codeName(await client.resetOf(3))).toBe('PROTOCOL_ERROR');
    await unanswered.aborted();
    await client.close();
  });

  test('bytes that nobody has read are no burden on the window of the connection', async () => {
    const { client, tunnel } = await begin({ maxStreamResetsPerSecond: Number.POSITIVE_INFINITY });
    const piece = Buffer.alloc(16_384);
    // More than that window in all.
    for (let id = 1; id < 81; id += 2) {
      const recording = await tunnel(id, false);
      for (let i = 0; i < 16; i++) client.send(data(id, piece));
      client.send(reset(id));
      await eventually(() => recording.closed, 'the close');
    }
    const last = await tunnel(81);
    client.send(data(81, 'x'));
    await last.got('x');
    expect(client.goaway()).toBe(undefined);
    await client.close();
  });

  test('the end of the connection is an error of each', async () => {
    const { client, tunnel } = await begin();
    const tunnels = [await tunnel(1), await tunnel(3), await tunnel(5)];
    client.socket.end();
    for (const recording of tunnels) {
      await eventually(() => recording.closed, 'the close');
      expect(recording.error).not.toBe(null);
    }
    await client.close();
  });
});

describe('maxStreamResetsPerSecond', () => {
  const few = { maxStreamResetsPerSecond: 5 };

  test('counts tunnels that the client cancels', async () => {
    const { client, tunnel } = await begin(few);
    const ids = Array.from({ length: 12 }, (_, nth) => 1 + 2 * nth);
    for (const id of ids) await tunnel(id);
    client.send(...ids.map((id) => reset(id)));
    expect(codeName(await client.goawayCode())).toBe('ENHANCE_YOUR_CALM');
    await client.close();
  });

  test('and not those that it resets instead of ending them, after we did', async () => {
    const { client, tunnel } = await begin(few);
    for (let id = 1; id < 41; id += 2) {
      const recording = await tunnel(id);
      recording.switched.socket.end();
      await client.until(() => client.stream(id).ended, 'END_STREAM');
      client.send(reset(id));
      await eventually(() => recording.closed, 'the close');
    }
    await client.ponged();
    expect(client.goaway()).toBe(undefined);
    await client.close();
  });
});

describe('GOAWAY', () => {
  test('after a GOAWAY of the client: it is told, and the connection ends with it', async () => {
    const { client, rig, tunnel } = await begin();
    const recording = await tunnel();
    client.send(frame(FRAME.GOAWAY, 0, 0, Buffer.alloc(8)));
    await client.ponged();
    const closing = rig.server.close();
    expect(recording.told).toEqual(['shutdown']);
    recording.switched.socket.end();
    client.send(end(1));
    await client.until(() => client.closed, 'the close');
    await closing;
  });

  test('of a server that closes: tunnels are told, and the connection ends with the last', async () => {
    const { client, tunnel, rig } = await begin();
    const tunnels = [await tunnel(1), await tunnel(3)];
    const closing = rig.server.close();
    await client.until(() => client.goaway() !== undefined, 'GOAWAY');
    expect(tunnels.map(({ told }) => told)).toEqual([['shutdown'], ['shutdown']]);
    for (const [i, { switched }] of tunnels.entries()) {
      switched.socket.end('bye');
      await untilBody(client, 'bye', 1 + 2 * i);
      expect(client.closed).toBe(false);
      client.send(end(1 + 2 * i));
      await turn();
    }
    await client.until(() => client.closed, 'the end');
    await closing;
  });

  test('by maxRequestsPerConnection: its tunnels stay', async () => {
    const { client, tunnel } = await begin({ maxRequestsPerConnection: 1 });
    const recording = await tunnel();
    await client.until(() => client.goaway() !== undefined, 'GOAWAY');
    client.send(data(1, 'still'));
    await recording.got('still');
    recording.switched.socket.end('bye');
    client.send(end(1));
    await client.until(() => client.closed, 'the end');
    expect(bodyOf(client)).toBe('bye');
  });

  test('of a client: its tunnels stay', async () => {
    const { client, tunnel } = await begin();
    const recording = await tunnel();
    client.send(frame(FRAME.GOAWAY, 0, 0, Buffer.alloc(8)));
    client.send(data(1, 'still'));
    await recording.got('still');
    recording.switched.socket.end('bye');
    client.send(end(1));
    await client.until(() => client.closed, 'the end');
    expect(bodyOf(client)).toBe('bye');
  });
});
