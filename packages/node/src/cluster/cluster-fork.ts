/**
 * Worker processes through `node:cluster`, with its default scheduling. Off Windows that is round robin: the
 * primary accepts, and hands the connection, of which it has read nothing, to the next worker that is free.
 * Connections stay evenly spread, also those that are opened slowly and kept. A listening socket that the
 * workers share has whoever wakes first accept: of 200 connections at once, one worker of four took 181,
 * where round robin gave each 40 to 60.
 *
 * Requests cost the primary nothing. A connection costs it some 50 µs and the worker as much again, where a
 * process on its own serves connection and request in 100; the README names the way out. With a socket for
 * each worker (`SO_REUSEPORT`) the connections that wait in one would end with its worker.
 */
import cluster, { type Worker } from 'node:cluster';
import {
  closeOrphanedConnection,
  type HandOverObserver,
} from '../node-internals/orphaned-connection.ts';
import { fileFlags } from './file-flags.ts';
import { enveloped, type FromWorker, messageIn, type ToWorker } from './messages.ts';
import type { Fork, Forked, ForkListener } from './worker-process.ts';

/** Starts processes that run the given file. `handOvers` is told of the connections that they get. */
export function clusterFork(exec: string, handOvers: HandOverObserver): Fork {
  return (listener) => {
    // Cloned as structures, so that `Infinity` and binary data arrive as they are.
    cluster.setupPrimary({
      exec,
      execArgv: fileFlags(process.execArgv),
      serialization: 'advanced',
    });
    return new ForkedWorker(cluster.fork(), listener, handOvers);
  };
}

class ForkedWorker implements Forked {
  readonly id: number;
  readonly pid: number;
  readonly #worker: Worker;

  constructor(worker: Worker, listener: ForkListener, handOvers: HandOverObserver) {
    this.id = worker.id;
    this.pid = worker.process.pid ?? 0;
    this.#worker = worker;
    closeOrphanedConnection(worker.process, handOvers);
    worker.on('message', (value: unknown) => {
      const message = messageIn<FromWorker>(value);
      if (message !== null) listener.onMessage(message);
    });
    worker.on('exit', (code: number, signal: string | null) => {
      const how = signal === null ? `exited with code ${code}` : `was killed by ${signal}`;
      listener.onEnd(how, code === 0);
    });
    worker.on('error', (error: Error) => {
      // Of a process that never was there is no exit. Other errors are of the channel, and it ends by them.
      if (this.pid === 0) listener.onEnd(`could not be started: ${error.message}`, false);
    });
  }

  send(message: ToWorker): void {
    // The callback takes the error of a channel that has gone.
    if (this.#worker.isConnected()) this.#worker.send(enveloped(message), () => undefined);
  }

  kill(): void {
    this.#worker.process.kill('SIGKILL');
  }
}
