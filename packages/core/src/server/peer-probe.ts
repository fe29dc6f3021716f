/**
 * Tells a client that has only closed its sending side from one that has left, while it waits for its
 * response. TCP shows the same FIN for both; only data that a departed client's host answers with RST
 * tells them apart. Every response begins with the same bytes, so those are what is sent, one at a
 * time: to a waiting client they are the beginning of its response, and a departed one makes the next
 * write fail, which ends the exchange at once.
 */
import { Deadline, type Deadlines, type DeadlineTarget } from '../time/deadlines.ts';
import type { SocketWriter } from './socket-writer.ts';

const prefix = 'HTTP/1.1 ';
/** Pauses before each further byte, in ms. */
const pauses = [20, 100, 1000, 5000, 10000, 20000, 40000, 60000];

export class PeerProbe implements DeadlineTarget {
  readonly #writer: SocketWriter;
  readonly #deadlines: Deadlines;
  readonly #deadline = new Deadline(this, 0);
  #sent = 0;

  constructor(writer: SocketWriter, deadlines: Deadlines) {
    this.#writer = writer;
    this.#deadlines = deadlines;
    this.#send();
  }

  onDeadline(): void {
    this.#send();
  }

  /** Ends the probing. Returns how many bytes of the response have been sent. */
  stop(): number {
    this.#deadline.clear();
    return this.#sent;
  }

  #send(): void {
    const pause = pauses[this.#sent];
    this.#writer.pushAndFlush(prefix.charAt(this.#sent++));
    if (pause !== undefined) this.#deadlines.queue(pause).arm(this.#deadline);
  }
}
