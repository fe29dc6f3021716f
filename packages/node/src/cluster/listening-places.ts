/** Where a cluster listens: the same in every worker, also where the system chose the port. */
import { isDeepStrictEqual } from 'node:util';
import type { ListenTarget } from '@reverseit/core';
import { createError } from '@reverseit/core/errors';
import type { Address } from '../server/address.ts';

/** Where one listener listens, or is to listen. */
interface PlannedPlace {
  /** What the configuration says. */
  readonly asked: ListenTarget;
  /** What a worker asks for: the same, or the port that stands for port 0. */
  readonly target: ListenTarget;
  /** Null until a worker listens there. */
  readonly address: Address | null;
}

interface Place extends PlannedPlace {
  readonly address: Address;
}

export class ListeningPlaces {
  #places: readonly Place[] = [];

  /** Empty before the first worker listens. */
  get addresses(): readonly Address[] {
    return this.#places.map(({ address }) => address);
  }

  /**
   * Where a worker is to listen whose configuration asks for these.
   * @param anyListens whether another worker listens now
   */
  plan(asked: readonly ListenTarget[], anyListens: boolean): readonly PlannedPlace[] {
    return asked.map((target, nth) => planOf(target, this.#places[nth], anyListens));
  }

  /**
   * A worker listens as planned.
   * @throws StateError `RIT_ERR_LISTEN` where it got another port than the workers before it
   */
  confirm(plan: readonly PlannedPlace[], addresses: readonly Address[]): void {
    this.#places = plan.map((place, nth) => {
      const address = addresses[nth] as Address;
      const { address: former } = place;
      if (asksForFreePort(place.asked) && former !== null && !samePort(address, former))
        throw createError('RIT_ERR_LISTEN', 'cannot listen: the port became unavailable');
      return { ...place, address };
    });
  }
}

/**
 * Port 0 is one port for all workers, as long as any of them listens. Once none does, the next worker has to
 * ask for the same port by its number, and so have all that follow.
 */
function planOf(asked: ListenTarget, former: Place | undefined, anyListens: boolean): PlannedPlace {
  if (former === undefined || !isDeepStrictEqual(former.asked, asked)) {
    return { asked, target: asked, address: null };
  }
  if (!asksForFreePort(asked) || !('port' in former.address) || anyListens) return former;
  return { ...former, target: { ...asked, port: former.address.port } };
}

const asksForFreePort = (target: ListenTarget): boolean => 'port' in target && target.port === 0;

const samePort = (one: Address, other: Address): boolean =>
  'port' in one && 'port' in other && one.port === other.port;
