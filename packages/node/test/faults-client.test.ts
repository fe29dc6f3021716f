/**
 * The client fails at every stage of an exchange: it leaves with FIN, with RST, or only ends its
 * sending side. What stalls is in faults-stall.test.ts.
 */
import { eventually, type OriginConnection, type RawClient } from '@reverseit/test-servers';
import { useCensus } from '@reverseit/test-servers/use-server';
import { describe, expect, it } from 'vitest';
import {
  expectPrompt,
  fine,
  get,
  head,
  post,
  type Rig,
  type RigOptions,
  useRig,
} from './fault-rig.ts';

useCensus();
const rig = useRig();

/** An exchange that has come so far, and who takes part in it. */
interface Scene {
  readonly client: RawClient;
  /** The backend's connection that carries the exchange. */
  readonly backend?: OriginConnection;
  /** What the half-closed client is to get in the end; without it the proxy cuts it off. */
  readonly finish?: () => Promise<void>;
}

interface Stage {
  readonly name: string;
  readonly options?: RigOptions;
  reach(rig: Rig): Promise<Scene>;
  /** What a client gets that ends its sending side: an orderly end without a byte, a cut, or its response. */
  readonly halfClose: 'fin' | 'reset' | 'response';
}

const streamed = { proxy: { requestBodyBufferSize: 0 } };
const oneConnection = { proxy: { pool: { poolSize: 1 } } };

/** A GET that has reached the backend. */
async function sent(
  rig: Rig,
  target = '/stage',
): Promise<Required<Pick<Scene, 'client' | 'backend'>>> {
  const client = await rig.client();
  client.send(get(target));
  const backend = await rig.backend();
  await backend.expectRequest();
  return { client, backend };
}

/** What is to be done to end the exchange well, from the stage of a response that has begun. */
function rest(
  client: RawClient,
  backend: OriginConnection,
  bytes: string,
  body: string,
  ends = false,
) {
  return async (): Promise<void> => {
    await backend.send(bytes);
    if (ends) backend.end();
    const whole = (await client.readUntilEnd()).toString('latin1');
    expect(whole.replace(/\r\n/g, ' ')).toContain(body);
  };
}

const stages: readonly Stage[] = [
  {
    name: 'accepted, no byte sent',
    reach: async (rig) => {
      const client = await rig.client();
      await eventually(() => rig.proxy.stats().connections === 1, 'the accept');
      return { client };
    },
    halfClose: 'fin',
  },
  {
    name: 'inside the request line',
    reach: async (rig) => {
      const client = await rig.client();
      await client.write('GET /half');
      return { client };
    },
    halfClose: 'fin',
  },
  {
    name: 'inside the header section',
    reach: async (rig) => {
      const client = await rig.client();
      await client.write('GET / HTTP/1.1\r\nhost: proxy.test\r\nx-half: ');
      return { client };
    },
    halfClose: 'fin',
  },
  {
    name: 'waiting for a connection of the pool',
    options: oneConnection,
    reach: async (rig) => {
      const first = await sent(rig, '/first');
      const client = await rig.client();
      client.send(get('/second'));
      await eventually(() => rig.proxy.stats().pools[0]?.waiting === 1, 'the wait for the pool');
      const finish = async (): Promise<void> => {
        await first.backend.send(fine);
        expect((await first.client.readResponse()).text).toBe('fine');
        expect((await first.backend.expectRequest()).target).toBe('/second');
        await first.backend.send(fine);
        expect((await client.readResponse()).text).toBe('fine');
        await client.expectFin();
        await first.client.close();
      };
      return { client, finish };
    },
    halfClose: 'response',
  },
  {
    name: 'connecting to the backend',
    // A backend that never answers the handshake.
    options: { scheme: 'https', proxy: { pool: { connectTimeout: 0 } } },
    reach: async (rig) => {
      const client = await rig.client();
      client.send(get('/stage'));
      const backend = await rig.backend();
      await backend.reader.whenReceived(1);
      const finish = async (): Promise<void> => {
        backend.reset();
        expect((await client.readResponse()).status).toBe(502);
        await client.expectFin();
      };
      return { client, backend, finish };
    },
    halfClose: 'response',
  },
  {
    name: 'the request body is being collected',
    reach: async (rig) => {
      const client = await rig.client();
      await client.write(`${post('/stage', 'content-length: 10')}half`);
      await eventually(() => rig.proxy.stats().activeExchanges === 1, 'the exchange');
      return { client };
    },
    halfClose: 'reset',
  },
  {
    name: 'a chunked request body is being collected',
    reach: async (rig) => {
      const client = await rig.client();
      await client.write(`${post('/stage', 'transfer-encoding: chunked')}4\r\nha`);
      await eventually(() => rig.proxy.stats().activeExchanges === 1, 'the exchange');
      return { client };
    },
    halfClose: 'reset',
  },
  {
    name: 'the request body is being streamed',
    options: streamed,
    reach: async (rig) => {
      const client = await rig.client();
      await client.write(`${post('/stage', 'content-length: 10')}half`);
      const backend = await rig.backend();
      await backend.reader.takeThrough('half');
      return { client, backend };
    },
    halfClose: 'reset',
  },
  {
    name: 'a chunked request body is being streamed',
    options: streamed,
    reach: async (rig) => {
      const client = await rig.client();
      await client.write(`${post('/stage', 'transfer-encoding: chunked')}4\r\nhalf\r\n`);
      const backend = await rig.backend();
      await backend.reader.takeThrough('half');
      return { client, backend };
    },
    halfClose: 'reset',
  },
  {
    name: 'the request is sent, no byte of the response has come',
    reach: async (rig) => {
      const scene = await sent(rig);
      return {
        ...scene,
        finish: rest(scene.client, scene.backend, fine.toString('latin1'), 'fine'),
      };
    },
    halfClose: 'response',
  },
  {
    name: 'inside the head of the response',
    reach: async (rig) => {
      const scene = await sent(rig);
      await scene.backend.send('HTTP/1.1 200 OK\r\ncontent-le');
      return { ...scene, finish: rest(scene.client, scene.backend, 'ngth: 4\r\n\r\nfine', 'fine') };
    },
    halfClose: 'response',
  },
  {
    name: 'after an interim response',
    reach: async (rig) => {
      const scene = await sent(rig);
      await scene.backend.send('HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n');
      await scene.client.reader.takeThrough('\r\n\r\n');
      return {
        ...scene,
        finish: rest(scene.client, scene.backend, fine.toString('latin1'), 'fine'),
      };
    },
    halfClose: 'response',
  },
  {
    name: 'the head of the response is out, no content yet',
    reach: async (rig) => {
      const scene = await sent(rig);
      await scene.backend.send(head('content-length: 8'));
      await scene.client.readHead();
      return { ...scene, finish: rest(scene.client, scene.backend, 'all fine', 'all fine') };
    },
    halfClose: 'response',
  },
  {
    name: 'inside content with a length',
    reach: async (rig) => {
      const scene = await sent(rig);
      await scene.backend.send(`${head('content-length: 8')}all `);
      await scene.client.readHead();
      await scene.client.reader.take(4);
      return { ...scene, finish: rest(scene.client, scene.backend, 'fine', 'fine') };
    },
    halfClose: 'response',
  },
  {
    name: 'inside chunked content',
    reach: async (rig) => {
      const scene = await sent(rig);
      await scene.backend.send(`${head('transfer-encoding: chunked')}4\r\nall \r\n`);
      await scene.client.readHead();
      await scene.client.reader.takeThrough('all \r\n');
      const end = '4\r\nfine\r\n0\r\n\r\n';
      return { ...scene, finish: rest(scene.client, scene.backend, end, '4 fine 0  ') };
    },
    halfClose: 'response',
  },
  {
    name: 'inside content that the end of the connection ends',
    reach: async (rig) => {
      const scene = await sent(rig);
      await scene.backend.send(`${head()}all `);
      await scene.client.readHead();
      await scene.client.reader.takeThrough('all \r\n');
      return { ...scene, finish: rest(scene.client, scene.backend, 'fine', '4 fine 0  ', true) };
    },
    halfClose: 'response',
  },
  {
    name: 'between requests',
    reach: async (rig) => {
      const scene = await sent(rig);
      await scene.backend.send(fine);
      await scene.client.readResponse();
      await rig.expectQuiet(1);
      return { client: scene.client };
    },
    halfClose: 'fin',
  },
  {
    name: 'a pipelined request is held',
    reach: async (rig) => {
      const scene = await sent(rig);
      await scene.client.write(get('/held'));
      const finish = async (): Promise<void> => {
        await scene.backend.send(fine);
        expect((await scene.client.readResponse()).text).toBe('fine');
        expect((await scene.backend.expectRequest()).target).toBe('/held');
        await scene.backend.send(fine);
        expect((await scene.client.readResponse()).text).toBe('fine');
        await scene.client.expectFin();
      };
      return { ...scene, finish };
    },
    halfClose: 'response',
  },
];

/** Stages at which a backend connection is idle in the pool, to be used again. */
const reusable = new Set(['between requests']);

async function expectAftermath(rig: Rig, stage: Stage, backend: OriginConnection | undefined) {
  if (stage.options === oneConnection) {
    // The connection of the other client, whose exchange goes on.
    await eventually(() => rig.proxy.stats().pools[0]?.waiting === 0, 'the place in the queue');
    const first = await rig.backend();
    expect(first.requests.map(({ target }) => target)).toEqual(['/first']);
    await first.send(fine);
    await eventually(() => rig.proxy.stats().pools[0]?.idle === 1, 'the end of the first exchange');
    await rig.expectQuiet(1);
    return;
  }
  if (backend !== undefined) {
    await expectPrompt(backend.whenPeerGone(), 'the backend hears of it');
    expect(backend.requests.map(({ target }) => target)).not.toContain('/held');
  }
  await rig.expectQuiet();
  if (stage.options?.scheme === 'https') await rig.expectEmptyPool();
  else if (reusable.has(stage.name)) await rig.expectReuse(await rig.backend());
  else {
    await rig.expectEmptyPool();
    if (backend !== undefined) await rig.expectFresh();
    else expect(rig.origin.connectionCount, 'the backend was never asked').toBe(0);
  }
}

describe.each(stages)('client, $name', (stage) => {
  it.each(['FIN', 'RST'])('leaves with %s', async (how) => {
    const running = await rig(stage.options);
    const { client, backend } = await stage.reach(running);
    if (how === 'RST') client.reset();
    await client.close();
    await expectAftermath(running, stage, backend);
  });

  it(`half-closes: ${stage.halfClose}`, async () => {
    const running = await rig(stage.options);
    const { client, backend, finish } = await stage.reach(running);
    client.end();
    if (stage.halfClose === 'response') {
      // The FIN has come before the backend goes on.
      await eventually(() => client.socket.writableFinished, 'the FIN to be sent');
      await finish?.();
      await client.close();
      await running.expectQuiet();
    } else {
      await expectPrompt(client.reader.whenGone(), 'the end');
      expect(client.reader.departure).toBe(stage.halfClose);
      await client.close();
      await expectAftermath(running, stage, backend);
    }
  });
});

describe('clients that come and go', () => {
  it('by the thousand, leave nothing', async () => {
    const running = await rig({ manual: 0 });
    const comeAndGo = async (i: number): Promise<void> => {
      const client = await running.client();
      if (i % 3 > 0) client.send(i % 3 === 1 ? 'GET / HT' : get());
      if (i % 2 === 0) client.reset();
      await client.close();
    };
    for (let i = 0; i < 1000; i += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, j) => comeAndGo(i + j)));
    }
    // Node accepts one in each turn of its loop, long after they have left.
    await eventually(() => running.proxy.stats().totalConnections === 1000, 'every accept');
    await running.expectQuiet();
    expect(await (await running.client()).request(get())).toMatchObject({ status: 200 });
  });
});
