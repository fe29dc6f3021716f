import { watchCallback } from '@reverseit/core/internal/server';
import { LeveledLogger } from './leveled-logger.ts';
import type { Logger } from './logger.ts';

/** A logger of the application's: should it fail, now or later, that must not end the process. */
export class GuardedLogger extends LeveledLogger {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    super();
    this.#logger = logger;
  }

  protected write(level: keyof Logger, details: object, message: string): void {
    try {
      watchCallback(this.#logger[level](details, message), ignore);
    } catch {
      // As below.
    }
  }
}

function ignore(): void {
  // A logger that fails has nowhere to say so.
}
