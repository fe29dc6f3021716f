/**
 * Each connection's share of a turn of the event loop. Whatever works on bytes of others (parsing,
 * answering, relaying, inflating) counts what that costs, and once its share is spent it stops where it
 * is, stops reading and waits for its next turn. So no connection, whatever it sends, keeps the others
 * waiting for longer than a share; and since only a few of those that wait go on in each turn, neither do
 * thousands of them together.
 *
 * Costs are estimates in ns and not measured: reading a clock for every message would cost more than it
 * tells. A share begins when another connection has worked in between, or when its turn comes: libuv reads one
 * socket up to 32 times in a row, so that is what has to be added up.
 *
 * While somebody has to wait, the clock is read whenever another connection begins (see connection-usage): who
 * has used much lately does little before it stands in line as well, though its socket came first. Who asks for
 * little passes by. Where the loop is busy, shares are smaller.
 */
import { ConnectionUsage } from './connection-usage.ts';
import { IntrusiveList, type Linked } from './intrusive-list.ts';
import { loopLoad } from './loop-load.ts';
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
  /** What the DATA frames of one read bring for a stream of HTTP/2, which is passed on in one piece. */
  CONTENT: 6_000,
} as const;

/** A connection's share of one turn, in ns; by the clock, once it is known what its work costs. */
export const wholeShare = 500_000;
const busyShare = 200_000;
/** Of who is to wait for others first: a few reads of content, which cost less than to hold them. */
const heavyShare = 120_000;

const usualShare = (): number => (loopLoad.busy ? busyShare : wholeShare);

/** Of those that wait, so many go on in each turn, and no other one after so long, in ms. */
const takersPerTurn = 4;
const lineTime = 2;
/** A clock costs as much as a small thing does: it is read for so many shares after the latest that was spent. */
const watchedAfterYield = 1000;

/** From here on, in ms, a turn is long: more of those whose sockets bring something stand in line. */
const longTurn = 4;

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
/** The one whose turn it is: others may work within it. */
let taking: TurnShare | null = null;
/** Those that wait for their turn. */
const line = new IntrusiveList<TurnShare>();
let scheduled = false;
/** Of so many shares that begin from now on, what is used is measured: somebody has had to wait lately. */
let watched = 0;
/** When those that wait had their turns last, in ms: once in each turn of the event loop while anybody does. */
let turnBegan = 0;

/** One connection's share. */
export class TurnShare implements Linked<TurnShare> {
  /** @internal */ previous: TurnShare | null = null;
  /** @internal */ next: TurnShare | null = null;
  /** Whether it waits for its next turn: it must not work, and does not read. */
  waiting = false;
  #given = wholeShare;
  #left = wholeShare;
  /** When it began, in ms; NaN where nobody measures it. */
  #began = Number.NaN;
  #usage: ConnectionUsage | null = null;
  /** Nothing has come since its turn. */
  #hadTurn = false;
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
    if (current !== this) this.#begin();
    this.#left -= cost;
    loopLoad.add(cost);
  }

  #begin(): void {
    const former = current;
    current = this;
    if (watched === 0) {
      this.#began = Number.NaN;
      if (this !== taking) this.#give(usualShare());
      return;
    }
    watched--;
    const now = performance.now();
    if (former !== null) former.#account(now);
    this.#began = now;
    // What is left of its turn is for what its socket brings next.
    const goesOn = this === taking || (this.#hadTurn && this.#left > 0);
    this.#hadTurn = false;
    if (goesOn) return;
    this.#give(this.#isLate(now) ? heavyShare : usualShare());
  }

  /** Whether others come first, who wait. */
  #isLate(now: number): boolean {
    if (line.first === null || this.#usage === null) return false;
    return this.#usage.isHeavy(now, now - turnBegan > longTurn);
  }

  #give(share: number): void {
    this.#given = this.#usage === null ? share : share / this.#usage.price;
    this.#left = this.#given;
  }

  /** Another begins, or it is over for this turn. */
  #account(now: number): void {
    if (Number.isNaN(this.#began)) return;
    this.#usage ??= new ConnectionUsage();
    this.#usage.add(this.#began, now, (this.#given - this.#left) / 1_000_000);
    this.#began = Number.NaN;
  }

  /** Gives up the rest of the turn; `onTurn` is called in a later one, after the others' I/O. */
  yield(): void {
    if (this.waiting) return;
    this.waiting = true;
    watched = watchedAfterYield;
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

  /** @internal Its turn, which begins at `now`, in ms; answers when it ends. What it writes leaves together. */
  take(now: number): number {
    this.cancel();
    if (current !== null) current.#account(now);
    current = this;
    taking = this;
    this.#began = now;
    this.#give(usualShare());
    beginRead();
    try {
      this.#taker.onTurn();
    } finally {
      endRead();
      taking = null;
      this.#hadTurn = true;
    }
    const end = performance.now();
    const estimate = (this.#given - this.#left) / 1_000_000;
    if (current === this) this.#account(end);
    this.#usage?.learn(end - now, estimate);
    return end;
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
  let now = performance.now();
  turnBegan = now;
  const until = now + lineTime;
  let left = takersPerTurn;
  try {
    while (line.first !== null && left > 0 && now < until) {
      const taker = line.first;
      if (!taker.rests()) {
        now = taker.take(now);
        left--;
      }
      if (taker === end) break;
    }
  } finally {
    if (line.first !== null) schedule();
  }
}
