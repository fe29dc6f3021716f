/**
 * What a peer may make us do for nothing (RFC 9113 §10.5). Two budgets: streams that a client resets or makes us
 * reset, whose requests were begun for nothing (CVE-2023-44487, CVE-2025-8671), by the second; and frames that carry
 * nothing (SETTINGS, PING, PRIORITY, WINDOW_UPDATE, empty DATA, frames of unknown types), of which every request and
 * every frame of content that was sent allows for some more.
 */

/** Frames that carry nothing, in a second, whatever else happens. */
const framesPerSecond = 1000;
/** As many more for each request and for each DATA frame that was sent. */
const framesPerStream = 10;
const framesPerDataFrame = 4;
/** Saved up at most. */
const maxSaved = 20_000;

export class FloodGuard {
  readonly #maxResets: number;
  readonly #now: () => number;
  #resets = 0;
  #resetsSince = Number.NEGATIVE_INFINITY;
  #frames = framesPerSecond;
  #framesSince = Number.NEGATIVE_INFINITY;
  #streamsRefused = 0;

  /** `now` in ms; `maxResets` a second. */
  constructor(now: () => number, maxResets = Number.POSITIVE_INFINITY) {
    this.#now = now;
    this.#maxResets = maxResets;
  }

  /** A request has begun. */
  onStream(): void {
    this.#save(framesPerStream);
  }

  /** A DATA frame has been sent. */
  onDataSent(): void {
    this.#save(framesPerDataFrame);
  }

  #save(frames: number): void {
    if (this.#frames < maxSaved) this.#frames += frames;
  }

  /** A frame that carries nothing has come. False: one too many. */
  allowsFrame(): boolean {
    if (--this.#frames >= 0) return true;
    const now = this.#now();
    if (now - this.#framesSince < 1000) return false;
    this.#framesSince = now;
    this.#frames = framesPerSecond;
    return true;
  }

  /** A stream was reset before its response was complete. False: one too many. */
  allowsReset(): boolean {
    if (++this.#resets <= this.#maxResets) return true;
    const now = this.#now();
    if (now - this.#resetsSince < 1000) return false;
    this.#resetsSince = now;
    this.#resets = 1;
    return true;
  }

  /** More streams were opened than may be at a time. False: too many of them in a row. */
  allowsRefusal(): boolean {
    return ++this.#streamsRefused <= framesPerSecond;
  }

  /** A stream was taken: the client knows how many there may be. */
  onTaken(): void {
    this.#streamsRefused = 0;
  }
}
