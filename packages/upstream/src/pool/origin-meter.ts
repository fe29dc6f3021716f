/**
 * What the connections to one origin were like, since the start. Meters outlive the pools that count with them, so
 * that a reload sets nothing back; there are no more of them than `maxOrigins`.
 */
import { DurationHistogram } from '@reverseit/core/internal';

/** Origins that are told apart; further ones are counted together. */
const maxOrigins = 1000;

/** The name of the further ones. */
const otherOrigins = 'other';

export class OriginMeter {
  /** Connections made. */
  opened = 0;
  /** Exchanges that began on a used connection. */
  reused = 0;
  /** Exchanges that were sent again over another connection, the first one having been closed. */
  retried = 0;
  /** How long connections took to make, TLS included. */
  readonly connect = new DurationHistogram();
  /** How long exchanges were queued, whether they got a connection in the end or not. */
  readonly wait = new DurationHistogram();
}

/** The meters of origins, by their labels. */
export class OriginMeters {
  readonly #meters = new Map<string, OriginMeter>();

  of(label: string): OriginMeter {
    const known = this.#meters.get(label);
    if (known !== undefined) return known;
    if (this.#meters.size >= maxOrigins && label !== otherOrigins) return this.of(otherOrigins);
    const meter = new OriginMeter();
    this.#meters.set(label, meter);
    return meter;
  }

  /** The label under which an origin is counted. */
  labelOf(label: string): string {
    return this.#meters.has(label) ? label : otherOrigins;
  }

  entries(): IterableIterator<[label: string, meter: OriginMeter]> {
    return this.#meters.entries();
  }
}
