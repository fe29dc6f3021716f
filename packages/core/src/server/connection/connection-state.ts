/**
 * The states of a client connection, and every transition between them.
 *
 * Three machines run side by side, and each event goes to all of them. *Reading* is about the request:
 * its head, its body, what is left of it after an early response. *Writing* is about its response.
 * *Life* is about the connection itself. Requests take turns: the next one is read once both messages
 * are over (RFC 9112 §9.3), and `NEXT` is the only way there.
 */
import { createError } from '../../errors/reverseit-error.ts';

/** What is done with the bytes that the client sends. */
export const READING = {
  /** They are a request's head. */
  HEAD: 0,
  /** They are a request's body, which nobody wants yet: they wait. */
  HELD: 1,
  /** They are a request's body, and its handler gets them. */
  BODY: 2,
  /** They are a request's body, and dropped: its response is complete. */
  DISCARDING: 3,
  /** The request is complete: they are the next one's, and wait. */
  DONE: 4,
  /** The body is invalid or late: what follows cannot be read, and is dropped. */
  FAILED: 5,
} as const;
export type Reading = (typeof READING)[keyof typeof READING];

/** How far the response has come. */
export const WRITING = {
  /** There is no request. */
  NONE: 0,
  /** Its final head is awaited. */
  AWAITING: 1,
  /** Its final head has been sent. */
  STREAMING: 2,
  /** It is complete. */
  DONE: 3,
} as const;
export type Writing = (typeof WRITING)[keyof typeof WRITING];

/** What the connection is; once HTTP has ended on it, in one of the last three ways, it stays so. */
export const LIFE = {
  OPEN: 0,
  /** The client has sent FIN; it may still wait for responses. */
  HALF_CLOSED: 1,
  /** The last response is being delivered, and what the client still sends is dropped. */
  LINGERING: 2,
  /** Another protocol has taken over. */
  TUNNEL: 3,
  CLOSED: 4,
} as const;
export type Life = (typeof LIFE)[keyof typeof LIFE];

export const EVENT = {
  /** A head has been read, and the request has no body. */
  REQUEST: 0,
  /** A head has been read, and a body follows. */
  REQUEST_WITH_BODY: 1,
  /** The handler wants the body. */
  READ: 2,
  /** The handler wants no more of it for now. */
  PAUSE: 3,
  /** The request has been read to its end. */
  REQUEST_END: 4,
  /** The body is invalid, or did not come in time. */
  FAULT: 5,
  /** The final head of the response has been sent. */
  RESPONSE: 6,
  /** The response has been written to its end. */
  RESPONSE_END: 7,
  /** Both messages are over, and the connection persists. */
  NEXT: 8,
  /** The client has sent FIN. */
  PEER_END: 9,
  /** The connection ends in good order. */
  FINISH: 10,
  /** The response is a switch of protocols. */
  SWITCH: 11,
  /** The connection is cut, or gone. */
  CLOSE: 12,
} as const;
export type Event = (typeof EVENT)[keyof typeof EVENT];

const { HEAD, HELD, BODY, DISCARDING, FAILED } = READING;
const { NONE, AWAITING, STREAMING } = WRITING;
const { OPEN, HALF_CLOSED, LINGERING, TUNNEL, CLOSED } = LIFE;

/** Name, event and next state for each state that the event may come in. */
type Transitions = readonly (readonly [event: keyof typeof EVENT, ...ways: [number, number][]])[];

/**
 * An event that a table names may come in no other states than those it lists there; of others the machine
 * takes no notice. Once HTTP has ended on the connection, no event may come.
 */
export const transitions: Readonly<Record<'reading' | 'writing' | 'life', Transitions>> = {
  reading: [
    ['REQUEST', [HEAD, READING.DONE]],
    ['REQUEST_WITH_BODY', [HEAD, HELD]],
    ['READ', [HELD, BODY]],
    ['PAUSE', [BODY, HELD]],
    ['REQUEST_END', [HELD, READING.DONE], [BODY, READING.DONE], [DISCARDING, READING.DONE]],
    ['FAULT', [HELD, FAILED], [BODY, FAILED]],
    [
      'RESPONSE_END',
      [HELD, DISCARDING],
      [BODY, DISCARDING],
      [READING.DONE, READING.DONE],
      [FAILED, FAILED],
    ],
    ['NEXT', [READING.DONE, HEAD]],
  ],
  writing: [
    ['REQUEST', [NONE, AWAITING]],
    ['REQUEST_WITH_BODY', [NONE, AWAITING]],
    ['FAULT', [AWAITING, AWAITING], [STREAMING, STREAMING]],
    ['RESPONSE', [AWAITING, STREAMING]],
    ['RESPONSE_END', [STREAMING, WRITING.DONE]],
    ['NEXT', [WRITING.DONE, NONE]],
    ['SWITCH', [AWAITING, NONE]],
    ['FINISH', [NONE, NONE], [WRITING.DONE, NONE]],
    ['CLOSE', [NONE, NONE], [AWAITING, NONE], [STREAMING, NONE], [WRITING.DONE, NONE]],
  ],
  life: [
    ['PEER_END', [OPEN, HALF_CLOSED]],
    ['FINISH', [OPEN, LINGERING], [HALF_CLOSED, LINGERING]],
    ['SWITCH', [OPEN, TUNNEL], [HALF_CLOSED, TUNNEL]],
    ['CLOSE', [OPEN, CLOSED], [HALF_CLOSED, CLOSED]],
  ],
};

const eventCount = Object.keys(EVENT).length;
const illegal = 255;

/** A table as bytes: the next state at `state * eventCount + event`. */
function compile(machine: keyof typeof transitions, stateCount: number): Uint8Array {
  const table = new Uint8Array(stateCount * eventCount);
  for (let i = 0; i < table.length; i++) table[i] = Math.floor(i / eventCount);
  for (const [name, ...ways] of transitions[machine]) {
    const event = EVENT[name];
    for (let state = 0; state < stateCount; state++) table[state * eventCount + event] = illegal;
    for (const [from, to] of ways) table[from * eventCount + event] = to;
  }
  return table;
}

const readingTable = compile('reading', Object.keys(READING).length);
const writingTable = compile('writing', Object.keys(WRITING).length);
const lifeTable = compile('life', Object.keys(LIFE).length);

export class ConnectionState {
  reading: Reading = READING.HEAD;
  writing: Writing = WRITING.NONE;
  life: Life = LIFE.OPEN;

  /** Whether HTTP goes on: neither ended nor switched away from. */
  get open(): boolean {
    return this.life <= LIFE.HALF_CLOSED;
  }

  get peerEnded(): boolean {
    return this.life === LIFE.HALF_CLOSED;
  }

  /** Whether a request is in progress whose response is not complete. */
  get responding(): boolean {
    return this.writing === WRITING.AWAITING || this.writing === WRITING.STREAMING;
  }

  /** Whether the request's body is still read, for its handler or to be dropped. */
  get expectsBody(): boolean {
    return this.open && (this.reading === READING.BODY || this.reading === READING.DISCARDING);
  }

  /** @throws StateError `RIT_ERR_INTERNAL` where the event cannot come in this state: a mistake of ours */
  on(event: Event): void {
    const reading = readingTable[this.reading * eventCount + event] as number;
    const writing = writingTable[this.writing * eventCount + event] as number;
    const life = lifeTable[this.life * eventCount + event] as number;
    const isLegal = reading !== illegal && writing !== illegal && life !== illegal;
    if (!isLegal || !this.open) this.#refuse(event);
    this.reading = reading as Reading;
    this.writing = writing as Writing;
    this.life = life as Life;
  }

  #refuse(event: Event): never {
    const states = `reading ${nameOf(READING, this.reading)}, writing ${nameOf(WRITING, this.writing)}`;
    throw createError(
      'RIT_ERR_INTERNAL',
      `connection: ${nameOf(EVENT, event)} while ${states}, ${nameOf(LIFE, this.life)}`,
    );
  }
}

function nameOf(names: Readonly<Record<string, number>>, value: number): string {
  return Object.keys(names).find((name) => names[name] === value) ?? String(value);
}
