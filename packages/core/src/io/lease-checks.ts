/** Checks of who owns which bytes (`lease.ts`), for tests: `REVERSEIT_DEBUG_LEASES=on`. */

/** What released bytes are overwritten with: no letter, no digit, and no UTF-8. */
const poison = 0xdb;

export class LeaseChecks {
  readonly #released = new WeakSet<Uint8Array>();
  readonly #report: (error: Error) => void;

  constructor(report: (error: Error) => void) {
    this.#report = report;
  }

  onRelease(bytes: Uint8Array): void {
    if (this.#released.has(bytes)) this.#report(new Error('bytes were released twice'));
    else if (bytes.byteLength > 0) {
      this.#released.add(bytes);
      bytes.fill(poison);
    }
  }
}

/** Null unless they are switched on. What they find is thrown where no handler of errors catches it. */
export const leaseChecks =
  process.env.REVERSEIT_DEBUG_LEASES === 'on'
    ? new LeaseChecks((error) => {
        queueMicrotask(() => {
          throw error;
        });
      })
    : null;
