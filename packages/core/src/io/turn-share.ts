/**
 * Each connection's share of a turn of the event loop. Whatever works on bytes of others (parsing,
 * answering, relaying, inflating) counts what that costs, and once its share is spent it stops where it
 * is, stops reading and waits for its next turn. So no connection, whatever it sends, keeps the others
 * waiting for longer than a share; and since only a few of those that wait go on in each turn, neither do
 * thousands of them together.
 *
 * Costs are estimates in ns and not measured: reading a clock for every message would cost more than it
 * tells, and the same bytes are counted alike on every machine. A share begins when another connection has
 * worked in between, or when its turn comes: libuv reads one socket up to 32 times in a row, so that is
 * what has to be added up. How large it is depends on the load: see loop-load.
 */
import { IntrusiveList, type Linked } from './intrusive-list.ts';
import { loopLoad, wholeShare } from './loop-load.ts';
import { beginRead, endRead } from './read-end.ts';

/** What work costs, in ns, as far as it can be said in general. */
export const COST = {
  /** One read of a socket, whatever it brings. */
  READ: 5_000,
  /** One read by the events of a stream, which makes memory for each, be it of one byte. */
  STREAM_READ: 20_000,
  /** A byte that is passed on. */
  BYTE: 0.5,
  /** A byte that is parsed: of a head, of the framing of chunks, of trailers. */
  PARSED_BYTE: 40,
  /** A message: its exchange and its answer, beside its bytes and fields. */
  MESSAGE: 20_000,
  /** A field of a message: rules apply to it, and it is written again. */
  FIELD: 1_000,
  /** A WebSocket frame. */
  FRAME: 200,
  /** A ping or pong, which goes on as a frame of our own. */
  CONTROL_FRAME: 2_000,
  /** A compressed message, beside its bytes. */
  CODED_MESSAGE: 20_000,
  /** A byte of plain text that is deflated, or of what is to be inflated. */
  CODED_BYTE: 20,
  /** A byte that inflating brings. */
  INFLATED_BYTE: 4,
  /** A DATA frame of HTTP/2, of which a session reports each. */
  DATA_FRAME: 2_000,
} as const;

/** Of those that wait, so many go on in each turn, and may read another share's worth of bytes in it. */
const takersPerTurn = 4;

/**
 * What could not be cut into shares is paid for by a rest, by the clock and not by turns, which are short
 * where nothing else happens: beyond so many ns that were spent in excess of the share, and so long.
 */
const mostDebt = 2_000_000;
const restMs = (debt: number): number => Math.min(100, (2 * debt) / 1_000_000);

/** The longest that anybody waits for the rests of others and its own, in ms. */
const longestRest = 5_000;

/** Rests are taken one after the other, so that fifty that are over do not meet in one turn. */
let restsEnd = 0;

/** How long somebody rests who is this much in debt, in ms from now. */
function takeRest(debt: number): number {
  const now = performance.now();
  restsEnd = Math.min(Math.max(restsEnd, now) + restMs(debt), now + longestRest);
  return restsEnd - now;
}

/** Somebody whose share was spent. */
export interface TurnTaker {
  /** Its turn has come: it goes on where it stopped. Must not throw. */
  onTurn(): void;
}

/** The one who works. */
let current: TurnShare | null = null;
/** Those that wait for their turn. */
const line = new IntrusiveList<TurnShare>();
let scheduled = false;

/** One connection's share. */
export class TurnShare implements Linked<TurnShare> {
  /** @internal */ previous: TurnShare | null = null;
  /** @internal */ next: TurnShare | null = null;
  /** Whether it waits for its next turn: it must not work, and does not read. */
  waiting = false;
  #left = wholeShare;
  #rest: NodeJS.Timeout | null = null;
  readonly #taker: TurnTaker;

  constructor(taker: TurnTaker) {
    this.#taker = taker;
  }

  /** Whether nothing is left of it: time to `yield`. */
  get spent(): boolean {
    return this.#left <= 0 && current === this;
  }

  /** Counts work, in ns. */
  spend(cost: number): void {
    if (current !== this) {
      current = this;
      this.#left = loopLoad.share;
    }
    this.#left -= cost;
    loopLoad.add(cost);
  }

  /** Gives up the rest of the turn; `onTurn` is called in a later one, after the others' I/O. */
  yield(): void {
    if (this.waiting) return;
    this.waiting = true;
    line.push(this);
    schedule();
  }

  /** @internal Whether it has to rest first; then it stands in line again when it has. */
  rests(): boolean {
    const debt = -this.#left;
    if (debt <= mostDebt) return false;
    this.#left = 0;
    line.remove(this);
    this.#rest = setTimeout(endRest, takeRest(debt), this);
    return true;
  }

  /** @internal */
  endRest(): void {
    this.#rest = null;
    line.push(this);
    schedule();
  }

  /** Does not want its turn any more. Harmless where it does not wait. */
  cancel(): void {
    if (!this.waiting) return;
    this.waiting = false;
    if (this.#rest === null) line.remove(this);
    else clearTimeout(this.#rest);
    this.#rest = null;
  }

  /** @internal Its turn. What it writes leaves together. */
  take(): void {
    this.cancel();
    current = this;
    this.#left = wholeShare;
    beginRead();
    try {
      this.#taker.onTurn();
    } finally {
      endRead();
    }
  }
}

function endRest(share: TurnShare): void {
  share.endRest();
}

function schedule(): void {
  if (scheduled) return;
  scheduled = true;
  setImmediate(runTurns);
}

/**
 * Only who waits now: who gives up its turn once more stands at the end of the line, and waits for the next.
 */
function runTurns(): void {
  scheduled = false;
  const end = line.last;
  try {
    let left = takersPerTurn;
    while (left > 0 && line.first !== null) {
      const taker = line.first;
      if (!taker.rests()) {
        taker.take();
        left--;
      }
      if (taker === end) break;
    }
  } finally {
    if (line.first !== null) schedule();
  }
}
