/**
 * Lets pipelined requests of a connection wait for their turn, as in a server of ours. A server of Node
 * takes them in while the first one is served, and holds back only when responses pile up.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { COST, TurnShare, type TurnTaker } from '@reverseit/core/internal';

/** Requests that may wait on a connection; beyond them it is not read until all have had their turn. */
const maxWaiting = 32;

/** The requests that wait on one connection. */
class Pipeline implements TurnTaker {
  readonly socket: Socket;
  waiting = 0;
  /** It will be paused when Node is through with what it has read. */
  pausing = false;
  paused = false;
  readonly #share = new TurnShare(this);
  /** Serves the request whose turn on the connection has come, once the connection's turn has. */
  #next: (() => void) | null = null;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  /** Serves a request now, or after others where the connection's share of the turn is spent. */
  serve(next: () => void): void {
    this.#share.spend(COST.MESSAGE);
    if (!this.#share.spent) next();
    else {
      this.#next = next;
      this.#share.yield();
    }
  }

  onTurn(): void {
    const next = this.#next;
    this.#next = null;
    next?.();
  }
}

export class PipelineQueue {
  readonly #pipelines = new WeakMap<Socket, Pipeline>();

  /** Calls back when the responses before this one have been sent; never, if the client leaves before. */
  wait(response: ServerResponse, serve: () => void): void {
    const { socket } = response.req;
    const pipeline = this.#pipelines.get(socket) ?? new Pipeline(socket);
    this.#pipelines.set(socket, pipeline);
    pipeline.waiting++;
    if (pipeline.waiting >= maxWaiting && !pipeline.pausing) {
      pipeline.pausing = true;
      // Not now: Node reads on after each whole request, and where one before is read.
      process.nextTick(pause, pipeline);
    }
    response.once('socket', () => {
      pipeline.waiting--;
      if (pipeline.waiting === 0) resume(pipeline);
      pipeline.serve(serve);
    });
  }
}

function pause(pipeline: Pipeline): void {
  pipeline.pausing = false;
  if (pipeline.waiting < maxWaiting) return;
  pipeline.paused = true;
  pipeline.socket.pause();
}

function resume(pipeline: Pipeline): void {
  if (!pipeline.paused) return;
  pipeline.paused = false;
  pipeline.socket.resume();
}

/** Whether the response before this one is still being sent. */
export function isQueued(response: ServerResponse): boolean {
  return response.socket === null && !response.destroyed;
}
