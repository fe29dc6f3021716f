/**
 * Lets pipelined requests of a connection wait for their turn, as in a server of ours. A server of Node
 * takes them in while the first one is served, and holds back only when responses pile up.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Requests that may wait on a connection; beyond them it is not read until all have had their turn. */
const mostWaiting = 32;

/** The requests that wait on one connection. */
interface Line {
  readonly socket: Socket;
  waiting: number;
  /** It will be paused when Node is through with what it has read. */
  pausing: boolean;
  paused: boolean;
}

export class Turns {
  readonly #lines = new WeakMap<Socket, Line>();

  /** Calls back when the responses before this one have been sent; never, if the client leaves before. */
  wait(response: ServerResponse, serve: () => void): void {
    const { socket } = response.req;
    const line = this.#lines.get(socket) ?? {
      socket,
      waiting: 0,
      pausing: false,
      paused: false,
    };
    this.#lines.set(socket, line);
    line.waiting++;
    if (line.waiting >= mostWaiting && !line.pausing) {
      line.pausing = true;
      // Not now: Node reads on behind each whole request, and where one before is read.
      process.nextTick(pause, line);
    }
    response.once('socket', () => {
      line.waiting--;
      if (line.waiting === 0) resume(line);
      serve();
    });
  }
}

function pause(line: Line): void {
  line.pausing = false;
  if (line.waiting < mostWaiting) return;
  line.paused = true;
  line.socket.pause();
}

function resume(line: Line): void {
  if (!line.paused) return;
  line.paused = false;
  line.socket.resume();
}

/** Whether the response before this one is still being sent. */
export function isBehindAnother(response: ServerResponse): boolean {
  return response.socket === null && !response.destroyed;
}
