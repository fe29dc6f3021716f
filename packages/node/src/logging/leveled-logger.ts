import type { Logger } from './logger.ts';

/** A logger that does the same for every level. */
export abstract class LeveledLogger implements Logger {
  debug(details: object, message: string): void {
    this.write('debug', details, message);
  }

  info(details: object, message: string): void {
    this.write('info', details, message);
  }

  warn(details: object, message: string): void {
    this.write('warn', details, message);
  }

  error(details: object, message: string): void {
    this.write('error', details, message);
  }

  protected abstract write(level: keyof Logger, details: object, message: string): void;
}
