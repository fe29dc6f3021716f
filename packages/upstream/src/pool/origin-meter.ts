/**
 * What the connections to one origin were like, since the start. Meters outlive the pools that count with them, so
 * that a reload sets nothing back; there are no more of them than `maxOrigins`. Where backends come and go, those that
 * are gone make room: what they have counted is counted with the further ones from then on.
 */
import { DurationHistogram } from '@reverseit/core/internal';

/** Origins that are told apart; further ones are counted together. */
const maxOrigins = 1000;

/** The name of the further ones. */
export const otherOrigins = 'other';

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
  /** @internal Who may still count with it. */
  users = 0;

  /** Takes over what another one has counted. */
  add(other: OriginMeter): void {
    this.opened += other.opened;
    this.reused += other.reused;
    this.retried += other.retried;
    this.connect.add(other.connect);
    this.wait.add(other.wait);
  }
}

/** The meters of origins, by their labels. */
export class OriginMeters {
  readonly #meters = new Map<string, OriginMeter>();

  /** The meter of an origin, until it is released. */
  acquire(label: string): OriginMeter {
    const meter = this.#meters.get(label) ?? this.#make(label);
    meter.users++;
    return meter;
  }

  /** Nobody counts with it any more on behalf of who has acquired it; what was counted stays as long as there is room. */
  release(meter: OriginMeter): void {
    meter.users--;
  }

  #make(label: string): OriginMeter {
    if (this.#meters.size >= maxOrigins && !this.#makeRoom()) return this.#others();
    const meter = new OriginMeter();
    this.#meters.set(label, meter);
    return meter;
  }

  #others(): OriginMeter {
    const known = this.#meters.get(otherOrigins);
    if (known !== undefined) return known;
    const meter = new OriginMeter();
    this.#meters.set(otherOrigins, meter);
    return meter;
  }

  /** Gives up the oldest that nobody uses. */
  #makeRoom(): boolean {
    for (const [label, meter] of this.#meters) {
      if (meter.users > 0 || label === otherOrigins) continue;
      this.#meters.delete(label);
      this.#others().add(meter);
      // The first one has made room for the others alone.
      return this.#meters.size < maxOrigins || this.#makeRoom();
    }
    return false;
  }

  /** The label under which an origin is counted. */
  labelOf(label: string): string {
    return this.#meters.has(label) ? label : otherOrigins;
  }

  entries(): IterableIterator<[label: string, meter: OriginMeter]> {
    return this.#meters.entries();
  }
}
