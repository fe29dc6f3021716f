/**
 * A client that means no harm, in a process of its own: asks for a little every 25 ms, whether or not what it
 * asked before was answered, over a new and a kept connection by turns.
 */
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { answerParent } from './child.ts';

export interface VictimQuestion {
  readonly port: number;
  readonly tls: boolean;
  readonly seconds: number;
}

export interface VictimFigures {
  /** Of each request, in ms; of one that failed, until it did. */
  readonly latencies: readonly number[];
  readonly failures: number;
}

const bodyBytes = 100;
const request = `GET /honest/bytes/${bodyBytes} HTTP/1.1\r\nHost: a\r\n\r\n`;
const success = 'HTTP/1.1 200 ';
/** A response is told by its end. */
const lastByte = 'a'.charCodeAt(0);
/** In ms. */
const between = 25;
/** Longest wait for a response, in ms. */
const patience = 10_000;

/** Asks for so long, and waits for what is not answered yet. */
async function askOn({ port, tls, seconds }: VictimQuestion): Promise<VictimFigures> {
  const latencies: number[] = [];
  const kept: Socket[] = [];
  let failures = 0;
  const one = async (socket: Socket): Promise<void> => {
    const start = performance.now();
    const served = await ask(socket);
    latencies.push(performance.now() - start);
    if (!served) failures += 1;
    else if (kept.length === 0) kept.push(socket);
    else socket.destroy();
  };
  const start = performance.now();
  const asked: Promise<void>[] = [];
  for (let nth = 0; nth * between < seconds * 1000; nth += 1) {
    const last = nth % 2 === 0 ? undefined : kept.pop();
    asked.push(one(last === undefined || last.destroyed ? open(port, tls) : last));
    await pause(Math.max(0, start + (nth + 1) * between - performance.now()));
  }
  await Promise.all(asked);
  for (const socket of kept) socket.destroy();
  return { latencies, failures };
}

function open(port: number, tls: boolean): Socket {
  const to = { port, host: '127.0.0.1', noDelay: true };
  // Whose certificate it is does not matter here.
  const socket = tls ? connectTls({ ...to, rejectUnauthorized: false }) : connect(to);
  return socket.on('error', () => socket.destroy());
}

/** Whether the response came, whole. */
function ask(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    let received = '';
    const done = (served: boolean): void => {
      clearTimeout(timer);
      socket.off('data', onData).off('close', onClose);
      if (!served) socket.destroy();
      resolve(served);
    };
    const onData = (chunk: Buffer): void => {
      received += chunk.toString('latin1');
      if (received.length > success.length && !received.startsWith(success)) done(false);
      const content = received.indexOf('\r\n\r\n') + 4;
      if (content < 4 || received.length < content + bodyBytes) return;
      done(received.charCodeAt(content) === lastByte);
    };
    const onClose = (): void => done(false);
    const timer = setTimeout(onClose, patience);
    socket.on('data', onData).on('close', onClose);
    socket.write(request);
  });
}

answerParent<'ready', VictimQuestion, VictimFigures>('ready', askOn);
