/**
 * The closing handshake of one connection, seen from our end of it (RFC 6455 §7.1). A relay has two, one
 * per side, and carries what one received over to the other. The table is the whole of it:
 *
 *               send            receive          lose
 *   open        close-sent      close-received   closed, unclean
 *   sent        –               closed, clean    closed, unclean
 *   received    closed, clean   –                closed, unclean
 *   closed      –               –                stays
 *
 * A dash is misuse by our own code: a second close frame is never sent, and the reader drops what follows
 * one.
 */
import { createError } from '../../errors/reverseit-error.ts';
import { closeCodes } from './close-code.ts';
import type { CloseStatus } from './control-frame.ts';

export type ClosingState = 'open' | 'close-sent' | 'close-received' | 'closed';
export type ClosingEvent = 'send' | 'receive' | 'lose';

const transitions: Readonly<
  Record<ClosingState, Readonly<Record<ClosingEvent, ClosingState | null>>>
> = {
  open: { send: 'close-sent', receive: 'close-received', lose: 'closed' },
  'close-sent': { send: null, receive: 'closed', lose: 'closed' },
  'close-received': { send: 'closed', receive: null, lose: 'closed' },
  closed: { send: null, receive: null, lose: 'closed' },
};

const lost: CloseStatus = { code: closeCodes.abnormal, reason: '' };

export class ClosingHandshake {
  #state: ClosingState = 'open';
  #clean = false;
  #sent: CloseStatus | null = null;
  #received: CloseStatus | null = null;

  get state(): ClosingState {
    return this.#state;
  }

  /** Whether both close frames have crossed. */
  get clean(): boolean {
    return this.#clean;
  }

  /** Whether frames may still be sent: nothing follows our close frame (RFC 6455 §5.5.1). */
  get maySend(): boolean {
    return this.#state === 'open' || this.#state === 'close-received';
  }

  /** Whether the peer's data still counts: not after its close frame. */
  get mayReceive(): boolean {
    return this.#state === 'open' || this.#state === 'close-sent';
  }

  /** What we sent, or null. */
  get sent(): CloseStatus | null {
    return this.#sent;
  }

  /** What the peer said; 1006 where it went away without a word; null while it has not closed. */
  get received(): CloseStatus | null {
    return this.#received;
  }

  /** We sent a close frame. */
  send(status: CloseStatus): void {
    this.#move('send');
    this.#sent = status;
    this.#clean = this.#state === 'closed';
  }

  /** The peer's close frame came. */
  receive(status: CloseStatus): void {
    this.#move('receive');
    this.#received = status;
    this.#clean = this.#state === 'closed';
  }

  /** The connection is gone. */
  lose(): void {
    this.#move('lose');
    this.#received ??= lost;
  }

  #move(event: ClosingEvent): void {
    const next = transitions[this.#state][event];
    if (next === null) throw createError('RIT_ERR_INTERNAL', `${event} while ${this.#state}`);
    this.#state = next;
  }
}
