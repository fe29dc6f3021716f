import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { turn } from '@reverseit/test-servers';
import { FakeClock } from '@reverseit/test-servers/fake-clock';
import { describe, expect, test } from 'vitest';
import { DeadlineQueue } from '../time/deadlines.ts';
import { SocketWriter } from './socket-writer.ts';

/** Stands for a socket; notes each write, and a vector as one. */
class Sink extends Writable {
  readonly writes: string[] = [];
  blocked = false;

  constructor() {
    super({ highWaterMark: 1000 });
  }

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    this.writes.push(chunk.toString('latin1'));
    if (!this.blocked) callback();
  }

  override _writev(chunks: { chunk: Buffer }[], callback: () => void): void {
    this.writes.push(chunks.map(({ chunk }) => chunk.toString('latin1')).join('|'));
    if (!this.blocked) callback();
  }
}

/** `blocked` tells whether the client is being waited for. */
function setUp(): { sink: Sink; writer: SocketWriter; blocked: () => number } {
  const sink = new Sink();
  const clock = new FakeClock();
  const queue = new DeadlineQueue(clock, 100);
  const writer = new SocketWriter(sink as unknown as Socket, queue, { abort() {} });
  return { sink, writer, blocked: () => clock.timers.size };
}

describe('what is written to a client', () => {
  test('pieces of one turn leave together, in order, strings as latin1', async () => {
    const { sink, writer } = setUp();
    writer.push('a\xff');
    writer.push(Buffer.from('b'));
    writer.push('c');
    expect(sink.writes).toEqual([]);
    await turn();
    expect(sink.writes).toEqual(['a\xffbc']);
  });

  test('flushing leaves nothing for the end of the turn', async () => {
    const { sink, writer } = setUp();
    writer.push('a');
    writer.pushAndFlush('b');
    writer.push('c');
    writer.flush();
    writer.flush();
    expect(sink.writes).toEqual(['ab', 'c']);
    writer.push('d');
    await turn();
    expect(sink.writes).toEqual(['ab', 'c', 'd']);
  });

  test('much leaves at once, as a vector and uncopied', () => {
    const { sink, writer } = setUp();
    writer.push('head');
    const large = Buffer.alloc(20_000, 'x');
    writer.push(large);
    expect(sink.writes).toEqual([`head|${'x'.repeat(20_000)}`]);
  });

  test('many writers of one turn', async () => {
    const all = Array.from({ length: 10 }, setUp);
    for (const { writer } of all) writer.push('a');
    for (const { writer } of all) writer.push('b');
    await turn();
    for (const { sink } of all) expect(sink.writes).toEqual(['ab']);
  });

  test('a socket that holds too much tells its owner, and asks for a drain', async () => {
    const { sink, writer, blocked } = setUp();
    sink.blocked = true;
    writer.pushAndFlush('x'.repeat(999));
    expect([writer.needsDrain, blocked()]).toEqual([false, 0]);
    writer.pushAndFlush('y');
    expect([writer.needsDrain, blocked()]).toEqual([true, 1]);
  });

  test('a destroyed socket gets nothing more', async () => {
    const { sink, writer } = setUp();
    writer.push('a');
    sink.destroy();
    await turn();
    writer.pushAndFlush('b');
    expect(sink.writes).toEqual([]);
  });
});
