/**
 * The backend fails at every stage of an exchange: it refuses, resets, closes in good order but too
 * early, or floods. What stalls is in faults-stall.test.ts.
 */
import {
  eventually,
  type OriginConnection,
  type RawClient,
  startScriptedOrigin,
} from '@reverseit/test-servers';
import { useCensus } from '@reverseit/test-servers/use-server';
import { describe, expect, it } from 'vitest';
import { fine, get, head, post, type Rig, type RigOptions, useRig } from './fault-rig.ts';

useCensus();
const rig = useRig();

interface Scene {
  readonly client: RawClient;
  readonly backend: OriginConnection;
}

interface Stage {
  readonly name: string;
  readonly options?: RigOptions;
  reach(rig: Rig): Promise<Scene>;
  /**
   * What the client gets when the backend resets or closes: an answer, a cut of the connection, or a
   * retry over another connection; the request is repeated.
   */
  readonly reset: 502 | 'cut' | 'retry';
  readonly close: 502 | 'cut' | 'retry' | 'complete';
}

async function sent(rig: Rig, request = get('/stage')): Promise<Scene> {
  const client = await rig.client();
  client.send(request);
  const backend = await rig.backend();
  await backend.expectRequest();
  return { client, backend };
}

/** A second request on a connection that has served one. */
async function sentAgain(rig: Rig, request: string): Promise<Scene> {
  const { client, backend } = await sent(rig, get('/first'));
  await backend.send(fine);
  await client.readResponse();
  client.send(request);
  await backend.expectRequest();
  return { client, backend };
}

const stages: readonly Stage[] = [
  {
    name: 'TLS handshake',
    options: { scheme: 'https' },
    reach: async (rig) => {
      const client = await rig.client();
      client.send(get('/stage'));
      const backend = await rig.backend();
      await backend.reader.take(1);
      return { client, backend };
    },
    reset: 502,
    close: 502,
  },
  {
    name: 'request body being streamed',
    options: { proxy: { requestBodyBufferSize: 0 } },
    reach: async (rig) => {
      const client = await rig.client();
      client.send(`${post('/stage', 'content-length: 10')}half`);
      const backend = await rig.backend();
      await backend.reader.takeThrough('half');
      return { client, backend };
    },
    reset: 502,
    close: 502,
  },
  {
    name: 'request sent, first on the connection',
    reach: (rig) => sent(rig),
    reset: 502,
    close: 502,
  },
  {
    name: 'GET sent on a used connection',
    reach: (rig) => sentAgain(rig, get('/stage')),
    reset: 'retry',
    close: 'retry',
  },
  {
    name: 'POST sent on a used connection',
    reach: (rig) => sentAgain(rig, `${post('/stage', 'content-length: 4')}body`),
    reset: 502,
    close: 502,
  },
  {
    name: 'inside the status line, on a used connection',
    reach: async (rig) => {
      const scene = await sentAgain(rig, get('/stage'));
      await scene.backend.send('HTTP/1.');
      return scene;
    },
    reset: 502,
    close: 502,
  },
  {
    name: 'inside the header section',
    reach: async (rig) => {
      const scene = await sent(rig);
      await scene.backend.send('HTTP/1.1 200 OK\r\ncontent-length: 4\r\nx-half: ');
      return scene;
    },
    reset: 502,
    close: 502,
  },
  {
    name: 'after an interim response',
    reach: async (rig) => {
      const scene = await sent(rig);
      await scene.backend.send('HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n');
      await scene.client.reader.takeThrough('\r\n\r\n');
      return scene;
    },
    reset: 502,
    close: 502,
  },
  {
    name: 'head sent, no content',
    reach: async (rig) => {
      const scene = await sent(rig);
      await scene.backend.send(head('content-length: 8'));
      await scene.client.readHead();
      return scene;
    },
    reset: 'cut',
    close: 'cut',
  },
  {
    name: 'inside content with a length',
    reach: async (rig) => {
      const scene = await sent(rig);
      await scene.backend.send(`${head('content-length: 8')}half`);
      await scene.client.readHead();
      await scene.client.reader.take(4);
      return scene;
    },
    reset: 'cut',
    close: 'cut',
  },
  ...[
    '',
    '4\r\n',
    '4\r\nha',
    '4\r\nhalf',
    '4\r\nhalf\r\n',
    '4\r\nhalf\r\n0\r\n',
    '4\r\nhalf\r\n0\r\nx: y\r\n',
  ].map(
    (bytes): Stage => ({
      name: `inside chunked content, after ${JSON.stringify(bytes)}`,
      reach: async (rig) => {
        const scene = await sent(rig);
        await scene.backend.send(head('transfer-encoding: chunked') + bytes);
        await scene.client.readHead();
        if (bytes.includes('ha')) await scene.client.reader.takeThrough('ha');
        return scene;
      },
      reset: 'cut',
      close: 'cut',
    }),
  ),
  {
    name: 'inside content that the end of the connection ends',
    reach: async (rig) => {
      const scene = await sent(rig);
      await scene.backend.send(`${head()}half`);
      await scene.client.readHead();
      await scene.client.reader.takeThrough('half');
      return scene;
    },
    reset: 'cut',
    close: 'complete',
  },
  {
    name: 'the same, to an HTTP/1.0 client',
    reach: async (rig) => {
      const scene = await sent(rig, 'GET /stage HTTP/1.0\r\nhost: proxy.test\r\n\r\n');
      await scene.backend.send(`${head()}half`);
      await scene.client.readHead();
      await scene.client.reader.takeThrough('half');
      return scene;
    },
    reset: 'cut',
    close: 'complete',
  },
  {
    name: 'inside chunked content to an HTTP/1.0 client',
    reach: async (rig) => {
      const scene = await sent(rig, 'GET /stage HTTP/1.0\r\nhost: proxy.test\r\n\r\n');
      await scene.backend.send(`${head('transfer-encoding: chunked')}4\r\nhalf\r\n`);
      await scene.client.readHead();
      await scene.client.reader.takeThrough('half');
      return scene;
    },
    reset: 'cut',
    close: 'cut',
  },
];

async function expectOutcome(rig: Rig, { client }: Scene, outcome: Stage['close']): Promise<void> {
  switch (outcome) {
    case 'cut':
      await client.expectReset();
      break;
    case 'complete':
      await client.reader.takeWhen(
        (unread) =>
          unread.toString('latin1').endsWith('0\r\n\r\n')
            ? unread.length
            : unread.length === 0 && client.reader.ended
              ? 0
              : undefined,
        'the end',
      );
      break;
    case 'retry': {
      const answer = await client.readResponse();
      expect([answer.status, answer.text]).toEqual([200, 'fine']);
      expect(rig.origin.requests.map(({ target }) => target)).toEqual([
        '/first',
        '/stage',
        '/stage',
      ]);
      break;
    }
    default: {
      const answer = await client.readResponse();
      expect([answer.status, answer.text]).toEqual([502, 'Bad Gateway']);
    }
  }
  await client.close();
  await rig.expectQuiet();
}

describe.each(stages)('backend, $name', (stage) => {
  it(`resets: ${stage.reset}`, async () => {
    const running = await rig(stage.options);
    const scene = await stage.reach(running);
    scene.backend.reset();
    await expectOutcome(running, scene, stage.reset);
    if (stage.options?.scheme !== 'https' && stage.reset !== 'retry') await running.expectFresh();
  });

  it(`closes in good order: ${stage.close}`, async () => {
    const running = await rig(stage.options);
    const scene = await stage.reach(running);
    scene.backend.end();
    await expectOutcome(running, scene, stage.close);
    if (stage.options?.scheme !== 'https' && stage.close !== 'retry') await running.expectFresh();
  });
});

describe('backend cannot be reached', () => {
  it('refuses: 502, and the client connection stays', async () => {
    const closed = await startScriptedOrigin();
    const { url } = closed;
    await closed.close();
    const running = await rig({ proxy: { backend: url } });
    const client = await running.client();
    for (let i = 0; i < 3; i += 1) {
      const answer = await client.request(get());
      expect([answer.status, answer.text]).toEqual([502, 'Bad Gateway']);
    }
    await running.expectQuiet(1);
    await running.expectEmptyPool();
  });

  it('resets at accept: 502, and the client connection stays', async () => {
    const running = await rig({ origin: { script: (connection) => connection.reset() } });
    const client = await running.client();
    for (let i = 0; i < 3; i += 1) expect((await client.request(get())).status).toBe(502);
    await running.expectQuiet(1);
    await running.expectEmptyPool();
  });
});

describe('backend answers before the request is complete', () => {
  it.each([
    ['and reads on', false],
    ['and resets', true],
  ])('%s: the answer is passed on, the connection is not used again', async (_, isReset) => {
    const running = await rig({ proxy: { requestBodyBufferSize: 0 } });
    const client = await running.client();
    client.send(`${post('/', 'content-length: 1000000')}${'x'.repeat(100_000)}`);
    const backend = await running.backend();
    await backend.expectHead();
    await backend.send('HTTP/1.1 413 Too Much\r\ncontent-length: 4\r\n\r\nmuch');
    if (isReset) backend.reset();
    const answer = await client.readResponse();
    expect([answer.status, answer.text, answer.header('connection')]).toEqual([
      413,
      'much',
      'close',
    ]);
    await client.expectFin();
    await running.expectQuiet();
    await running.expectFresh();
  });
});

describe('an idle connection of the pool', () => {
  it.each(['reset', 'end'] as const)('is forgotten when the backend does %s', async (how) => {
    const running = await rig();
    const { client, backend } = await sent(running);
    await backend.send(fine);
    await client.readResponse();
    backend[how]();
    await running.expectEmptyPool();
    expect((await client.request(get('/next'))).text).toBe('fine');
    expect(running.origin.connectionCount).toBe(2);
  });

  it.each([
    ['a byte', 'x'],
    ['a response', fine],
    ['a flood', Buffer.alloc(4 * 1024 * 1024, 'HTTP/1.1 200 OK\r\n')],
  ])('is dropped when the backend sends %s unasked (RFC 9112 §9.2)', async (_, bytes) => {
    const running = await rig();
    const { client, backend } = await sent(running);
    await backend.send(fine);
    await client.readResponse();
    await running.expectQuiet(1);
    void backend.send(bytes).catch(() => {});
    await backend.whenClosed();
    await running.expectEmptyPool();
    expect((await client.request(get('/next'))).text).toBe('fine');
    expect(running.origin.connectionCount).toBe(2);
  });
});

describe('backend sends more than its response', () => {
  const poison = 'HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison';

  it.each([
    ['content with a length', fine.toString('latin1'), 'fine'],
    ['chunked content', `${head('transfer-encoding: chunked')}4\r\nfine\r\n0\r\n\r\n`, 'fine'],
    ['no content', 'HTTP/1.1 204 No Content\r\n\r\n', ''],
    ['no content, with a length of 0', head('content-length: 0'), ''],
  ])('a second response after %s reaches nobody', async (_, first, text) => {
    const running = await rig({ proxy: { pool: { poolSize: 1 } } });
    const { client, backend } = await sent(running);
    // These wait for the very connection that is poisoned.
    const others = await Promise.all(Array.from({ length: 3 }, () => running.client()));
    for (const other of others) other.send(get('/other'));
    await eventually(() => running.proxy.stats().pools[0]?.waiting === 3, 'the others to wait');
    await backend.send(first + poison);
    expect((await client.readResponse()).text).toBe(text);
    for (const other of others) {
      const answer = await other.readResponse();
      expect(answer.text, 'an answer to the wrong request').not.toBe('poison');
      expect([200, 502]).toContain(answer.status);
      await other.close();
    }
    await client.close();
    await running.expectQuiet();
    expect(running.origin.connectionCount).toBeGreaterThan(1);
  });

  it.each([
    ['HEAD', 'HEAD / HTTP/1.1\r\nhost: a\r\n\r\n', head('content-length: 6')],
    ['HEAD, chunked', 'HEAD / HTTP/1.1\r\nhost: a\r\n\r\n', head('transfer-encoding: chunked')],
    ['304', get(), 'HTTP/1.1 304 Not Modified\r\ncontent-length: 6\r\n\r\n'],
    ['204', get(), 'HTTP/1.1 204 No Content\r\n\r\n'],
  ])('content after a response to %s is dropped with its connection', async (_, request, start) => {
    const running = await rig({ proxy: { pool: { poolSize: 1 } } });
    const { client, backend } = await sent(running, request);
    const other = await running.client();
    other.send(get('/other'));
    await eventually(() => running.proxy.stats().pools[0]?.waiting === 1, 'the other to wait');
    await backend.send(`${start}poison`);
    await client.readHead();
    expect((await other.readResponse()).text).toBe('fine');
    client.send(get('/again'));
    expect((await client.readResponse()).text).toBe('fine');
    expect(running.origin.connectionCount).toBe(2);
  });

  it.each([
    ['endless fields', `x-flood: ${'y'.repeat(1000)}\r\n`, 'HTTP/1.1 200 OK\r\n'],
    ['an endless field', 'y'.repeat(1000), 'HTTP/1.1 200 OK\r\nx-flood: '],
    ['an endless status line', 'y'.repeat(1000), 'HTTP/1.1 200 '],
    ['endless interim responses', 'HTTP/1.1 102 Processing\r\n\r\n', ''],
    ['endless 100s', 'HTTP/1.1 100 Continue\r\n\r\n', ''],
    ['endless blank lines', '\r\n', ''],
    ['noise', '\x16\x03\x01', ''],
  ])('floods with %s: 502', async (_, piece, start) => {
    const running = await rig();
    const { client, backend } = await sent(running);
    await backend.send(start);
    const flood = Buffer.from(piece.repeat(Math.ceil(65_536 / piece.length)), 'latin1');
    const flooding = (async () => {
      while (await backend.send(flood));
    })();
    expect((await client.readResponse()).status).toBe(502);
    await flooding;
    await client.close();
    await running.expectQuiet();
    await running.expectFresh();
  });

  it.each([
    ['a chunk extension', '1;', 'x'.repeat(1000)],
    ['trailers', '0\r\n', `x-flood: ${'y'.repeat(1000)}\r\n`],
    ['a chunk size', '', '0'.repeat(1000)],
  ])('floods with %s: cut', async (_, start, piece) => {
    const running = await rig();
    const { client, backend } = await sent(running);
    await backend.send(head('transfer-encoding: chunked') + start);
    const flood = Buffer.from(piece.repeat(64), 'latin1');
    const flooding = (async () => {
      while (await backend.send(flood));
    })();
    await client.expectReset();
    await flooding;
    await running.expectQuiet();
    await running.expectFresh();
  });
});
