/** Uploads that are given up, at moments at which clients of HTTP/2 were found to loop, or to leak. */
import type { ServerHttp2Stream } from 'node:http2';
import { describe, expect, test } from 'vitest';
import type { BodySink, BodySource } from '../src/index.ts';
import { type Sent, turns } from './harness.ts';
import { http2Bench } from './http2-rig.ts';
import { get } from './recorder.ts';

/** A body whose chunks a test writes. */
class Source implements BodySource {
  readonly contentLength = null;
  sink: BodySink | null = null;
  onStart: () => void = () => {};

  start(sink: BodySink): void {
    this.sink = sink;
    this.onStart();
  }

  resume(): void {}

  cancel(): void {}
}

const post = (body: BodySource | Buffer) => get('/', { method: 'POST', body });
const chunk = Buffer.alloc(1000);

async function start() {
  const streams: ServerHttp2Stream[] = [];
  const it = await http2Bench((stream, headers) => {
    if (headers[':method'] === 'GET') {
      stream.respond({ ':status': 200 });
      stream.end('ok');
      return;
    }
    streams.push(stream);
    stream.respond({ ':status': 200 });
    stream.on('data', (bytes: Buffer) => stream.write(bytes));
    stream.on('end', () => stream.end());
  });
  // The session is there before anything is given up.
  expect((await it.send().done).body).toBe('ok');
  return { it, streams };
}

describe('an upload that is given up', () => {
  const moments: [name: string, run: (source: Source, send: () => Sent) => Sent][] = [
    ['before it has begun', (_, send) => send()],
    [
      'in the tick of its first chunk',
      (source, send) => {
        source.onStart = () => void source.sink?.write(chunk);
        return send();
      },
    ],
    [
      'in the tick of many chunks',
      (source, send) => {
        source.onStart = () => {
          for (let nth = 0; nth < 100; nth += 1) source.sink?.write(chunk);
        };
        return send();
      },
    ],
    [
      'in the tick of its end',
      (source, send) => {
        source.onStart = () => {
          source.sink?.write(chunk);
          source.sink?.end(['x', 'y']);
        };
        return send();
      },
    ],
  ];

  test.for(moments)('%s', async ([, run]) => {
    const { it } = await start();
    const source = new Source();
    run(source, () => it.send(post(source))).abort();
    await it.settle({ open: 1, idle: 1, active: 0 });
    expect((await it.send().done).body).toBe('ok');
    expect(it.backend.connections).toBe(1);
  });

  test.for(['the head', 'a chunk of the response'])(
    'from within %s, with a chunk of its own in the same tick',
    async (moment) => {
      const { it, streams } = await start();
      const source = new Source();
      const sent = it.send(post(source));
      const give = (): void => {
        source.sink?.write(chunk);
        sent.abort();
      };
      if (moment === 'the head') sent.onFirst = give;
      else sent.onChunk = give;
      await it.until(() => source.sink !== null);
      source.sink?.write(chunk);
      await it.until(() => sent.aborted);
      await it.settle({ open: 1, idle: 1, active: 0 });
      await it.until(() => streams[0]?.closed === true);
      expect([streams[0]?.rstCode, streams[0]?.aborted]).toEqual([8, true]);
      expect((await it.send().done).body).toBe('ok');
    },
  );

  test.for([10, 1000, 300_000, 2_000_000])('a Buffer of %i bytes, at once', async (length) => {
    const { it } = await start();
    for (let nth = 0; nth < 10; nth += 1) {
      const sent = it.send(post(Buffer.alloc(length)));
      if (nth % 2 === 1) await turns(nth % 3);
      sent.abort();
    }
    await it.settle({ open: 1, idle: 1, active: 0 });
    expect((await it.send().done).body).toBe('ok');
    expect(it.backend.connections).toBe(1);
  });

  test('120 times, and then a GET', async () => {
    const { it, streams } = await start();
    for (let nth = 0; nth < 120; nth += 1) {
      const source = new Source();
      const sent = it.send(post(source));
      await it.until(() => source.sink !== null);
      source.sink?.write(chunk);
      await it.until(() => streams.length === nth + 1);
      sent.abort();
    }
    await it.settle({ open: 1, idle: 1, active: 0 });
    expect((await it.send().done).body).toBe('ok');
    await it.until(() => streams.every(({ closed }) => closed));
    expect(new Set(streams.map(({ rstCode }) => rstCode))).toEqual(new Set([8]));
    expect(it.backend.connections).toBe(1);
  });
});
