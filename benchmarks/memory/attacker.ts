/**
 * One attack, in a process of its own: `attacker.ts NAME PORT SECONDS`. Sends its counts to the parent
 * and ends. Every attack lasts for the given time, however its connections end.
 */
import { connect, type Socket } from 'node:net';
import { deflateRawSync } from 'node:zlib';

/** What became of the connections of an attack. */
export interface Counts {
  connections: number;
  /** Closed or reset by the other side. */
  ended: number;
  /** Responses by their status, `0` for connections that ended without one, and close codes. */
  answers: Record<string, number>;
  /** When the last one was ended, in ms after the start. */
  lastEnd: number;
}

type Attack = (swarm: Swarm) => Promise<void>;

/** Many connections. */
class Swarm {
  readonly counts: Counts = { connections: 0, ended: 0, answers: {}, lastEnd: 0 };
  readonly #port: number;
  readonly #start = performance.now();
  readonly #seconds: number;
  readonly #open = new Set<Socket>();

  constructor(port: number, seconds: number) {
    this.#port = port;
    this.#seconds = seconds;
  }

  get over(): boolean {
    return performance.now() - this.#start > this.#seconds * 1000;
  }

  get open(): number {
    return this.#open.size;
  }

  /** Connects; resolves once it has, or has failed. */
  connect(onClose?: () => void): Promise<Socket> {
    return new Promise((resolve) => {
      const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
      this.counts.connections += 1;
      this.#open.add(socket);
      let answered = false;
      socket.on('connect', () => resolve(socket)).on('error', ignore);
      socket.on('data', (chunk: Buffer) => {
        if (answered) this.#countClose(chunk);
        else this.#count(/^HTTP\/1\.1 (\d{3})/.exec(chunk.toString('latin1'))?.[1]);
        answered = true;
      });
      socket.on('close', () => {
        if (!answered && !this.over) this.#count('0');
        this.#open.delete(socket);
        this.counts.ended += 1;
        this.counts.lastEnd = performance.now() - this.#start;
        onClose?.();
        resolve(socket);
      });
    });
  }

  /** So many connections, each with bytes of its own. */
  async many(count: number, each: (socket: Socket) => void): Promise<Socket[]> {
    const sockets: Socket[] = [];
    for (let at = 0; at < count; at += 100) {
      const size = Math.min(100, count - at);
      const batch = await Promise.all(Array.from({ length: size }, () => this.connect()));
      batch.forEach(each);
      sockets.push(...batch);
    }
    return sockets;
  }

  /** Keeps so many connections at it: one that ends is followed by another. */
  async keep(count: number, each: (socket: Socket) => void): Promise<void> {
    const next = async (): Promise<void> => {
      while (!this.over) {
        let closed: () => void = ignore;
        const gone = new Promise<void>((resolve) => {
          closed = resolve;
        });
        each(await this.connect(closed));
        await Promise.race([gone, this.end()]);
      }
    };
    await Promise.all(Array.from({ length: count }, next));
  }

  /** The end of the attack. */
  async end(): Promise<void> {
    await pause(this.#seconds * 1000 - (performance.now() - this.#start));
  }

  /** Each so many ms, while the attack lasts. */
  async repeat(ms: number, step: () => void): Promise<void> {
    while (!this.over) {
      step();
      await pause(ms);
    }
  }

  leave(): void {
    for (const socket of this.#open) socket.destroy();
  }

  #count(answer = '?'): void {
    this.counts.answers[answer] = (this.counts.answers[answer] ?? 0) + 1;
  }

  /** A close frame of a server, which is not masked. */
  #countClose(chunk: Buffer): void {
    if (chunk[0] === 0x88 && chunk.length >= 4) this.#count(String(chunk.readUInt16BE(2)));
  }
}

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));

function ignore(): void {
  // A connection that fails is closed.
}

/** Writes a piece over and over, as fast as it is taken. */
function pour(piece: Buffer): (socket: Socket) => void {
  return (socket) => {
    const write = (): void => {
      while (socket.writable && socket.write(piece));
    };
    socket.on('drain', write);
    write();
  };
}

const post = (line: string): string => `POST /x HTTP/1.1\r\nHost: a\r\n${line}\r\n\r\n`;
const chunked = post('Transfer-Encoding: chunked');
const get = 'GET / HTTP/1.1\r\nHost: a\r\n';

const handshake = (extra = ''): string =>
  'GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n${extra}\r\n`;

/** A masked frame; the mask is zero. */
function frame(first: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(payload.length < 126 ? 6 : 8);
  head[0] = first;
  if (payload.length < 126) head[1] = 0x80 | payload.length;
  else {
    head[1] = 0x80 | 126;
    head.writeUInt16BE(payload.length, 2);
  }
  return Buffer.concat([head, payload]);
}

const repeated = (piece: Buffer | string, times: number): Buffer =>
  Buffer.concat(Array.from({ length: times }, () => Buffer.from(piece)));

/** Opens a WebSocket and pours frames into it. */
const pourFrames =
  (piece: Buffer, extra = '') =>
  (socket: Socket): void => {
    socket.write(handshake(extra));
    socket.once('data', () => pour(piece)(socket));
  };

/** 32 MiB of zeros, as a compressed message. */
const bomb = (): Buffer => {
  const bytes = deflateRawSync(Buffer.alloc(32 * 1024 * 1024), { finishFlush: 2 });
  return frame(0xc2, bytes.subarray(0, -4));
};

const worstTargets = [
  `/${';'.repeat(8000)}/.`,
  `/.${'\\'.repeat(8000)}`,
  `/.${';/%2f\\%5c.'.repeat(700)}`,
  `/.${'/;'.repeat(4000)}`,
].map((target) => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);

/** Seven fields full of subprotocols, the last of which stands there twice. */
const worstOffer = ((): string => {
  const names = Array.from({ length: 14_000 }, (_, nth) => nth.toString(36));
  const lines = Array.from({ length: 7 }, (_, nth) => names.slice(nth * 2000, nth * 2000 + 2000));
  return [...lines, ['0']].map((line) => `Sec-WebSocket-Protocol: ${line.join()}\r\n`).join('');
})();

export const attacks: Readonly<Record<string, Attack>> = {
  'slow heads': async (swarm) => {
    const sockets = await swarm.many(1000, (socket) => socket.write(`${get}X: `));
    await swarm.repeat(500, () => {
      for (const socket of sockets) if (socket.writable) socket.write('x');
    });
  },
  'stalled bodies': async (swarm) => {
    await swarm.many(1000, (socket) => socket.write(`${post('Content-Length: 10')}abc`));
    await swarm.end();
  },
  'dripping bodies': async (swarm) => {
    const sockets = await swarm.many(1000, (socket) => socket.write(post('Content-Length: 5000')));
    await swarm.repeat(200, () => {
      for (const socket of sockets) if (socket.writable) socket.write('x');
    });
  },
  'long uploads that stall': async (swarm) => {
    await swarm.many(200, (socket) => socket.write(`${post('Content-Length: 50000000')}abc`));
    await swarm.end();
  },
  'uploads below the buffer': async (swarm) => {
    const body = Buffer.alloc(1024 * 1024 - 1);
    await swarm.many(300, (socket) => {
      socket.write(post(`Content-Length: ${body.length + 1}`));
      socket.write(body);
    });
    await swarm.end();
  },
  'slow readers': async (swarm) => {
    await swarm.many(200, (socket) => {
      socket.write('GET /bytes/20000000 HTTP/1.1\r\nHost: a\r\n\r\n');
      socket.pause();
    });
    await swarm.end();
  },
  'idle connections': async (swarm) => {
    await swarm.many(4000, ignore);
    await swarm.end();
  },
  'endless header fields': (swarm) =>
    swarm.keep(50, (socket) => {
      socket.write(get);
      pour(repeated('x: y\r\n', 1000))(socket);
    }),
  'endless chunk extensions': (swarm) =>
    swarm.keep(50, (socket) => {
      socket.write(`${chunked}1`);
      pour(Buffer.alloc(8192, ';a=b'))(socket);
    }),
  'chunks of one byte': (swarm) =>
    swarm.keep(20, (socket) => {
      socket.write(chunked);
      pour(repeated('1\r\na\r\n', 5000))(socket);
    }),
  'pipelining without reading': (swarm) =>
    swarm.keep(50, (socket) => {
      socket.pause();
      pour(repeated(`${get}\r\n`, 500))(socket);
    }),
  'targets that are costly to judge': (swarm) =>
    swarm.keep(20, (socket) => pour(Buffer.from(worstTargets.join('')))(socket)),
  'offers that are costly to judge': (swarm) =>
    swarm.keep(20, (socket) => socket.write(handshake(worstOffer))),
  'connect and leave': async (swarm) => {
    const worker = async (): Promise<void> => {
      while (!swarm.over) (await swarm.connect()).resetAndDestroy();
    };
    await Promise.all(Array.from({ length: 50 }, worker));
  },
  'upgrade and leave': async (swarm) => {
    const worker = async (): Promise<void> => {
      while (!swarm.over) {
        const socket = await swarm.connect();
        socket.write(handshake(), () => socket.resetAndDestroy());
        await pause(1);
      }
    };
    await Promise.all(Array.from({ length: 50 }, worker));
  },
  'frames of one byte': (swarm) =>
    swarm.keep(20, pourFrames(repeated(frame(0x81, Buffer.from('a')), 5000))),
  'fragments of nothing': (swarm) =>
    swarm.keep(20, (socket) => {
      socket.write(handshake());
      socket.once('data', () => {
        socket.write(frame(0x01, Buffer.alloc(0)));
        pour(repeated(frame(0x00, Buffer.alloc(0)), 5000))(socket);
      });
    }),
  pings: (swarm) => swarm.keep(20, pourFrames(repeated(frame(0x89, Buffer.alloc(0)), 5000))),
  'deflate bombs': (swarm) =>
    swarm.keep(10, pourFrames(bomb(), 'Sec-WebSocket-Extensions: permessage-deflate\r\n')),
};

if (process.send !== undefined) {
  const [, , name = '', port, seconds] = process.argv;
  const swarm = new Swarm(Number(port), Number(seconds));
  await attacks[name]?.(swarm);
  process.send(swarm.counts);
  swarm.leave();
  process.disconnect();
}
