import { watchCallback } from '@reverseit/core/internal/server';
import type { Logger } from './logger.ts';

/** A logger of the application's: should it fail, now or later, that must not end the process. */
export class GuardedLogger implements Logger {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  debug(details: object, message: string): void {
    this.#write('debug', details, message);
  }

  info(details: object, message: string): void {
    this.#write('info', details, message);
  }

  warn(details: object, message: string): void {
    this.#write('warn', details, message);
  }

  error(details: object, message: string): void {
    this.#write('error', details, message);
  }

  #write(level: keyof Logger, details: object, message: string): void {
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
