/** What the command says of itself on standard error, in the form that the options ask for. */
import { isPlainObject } from '@reverseit/core/options';
import { JsonLogger } from '../logging/json-logger.ts';
import { isLogged, logLevels } from '../logging/log-level.ts';
import type { Logger } from '../logging/logger.ts';
import { type LogSettings, type LogTarget, lineLogger } from '../logging/standard-error.ts';

export class CommandLog {
  /** For the proxy. */
  readonly logger: Logger;
  readonly settings: LogSettings;
  readonly #target: Pick<LogTarget, 'log'>;

  constructor(target: Pick<LogTarget, 'log' | 'now'>, settings: LogSettings) {
    this.settings = settings;
    this.#target = target;
    this.logger = lineLogger(settings, {
      log: (line) => target.log(line),
      now: () => target.now(),
      worker: 0,
    });
  }

  /** Tells what goes on. */
  notice(message: string): void {
    this.#write('info', message);
  }

  /** Tells what went wrong. */
  error(message: string): void {
    this.#write('error', message);
  }

  /** A line that is for people only. */
  hint(line: string): void {
    this.#target.log(line);
  }

  #write(level: 'info' | 'error', message: string): void {
    if (this.logger instanceof JsonLogger) this.logger.notice(level, message);
    else if (isLogged(level, this.settings.logLevel)) this.#target.log(`reverseit: ${message}`);
  }
}

/** What options say that nobody has checked yet; what is invalid there is refused elsewhere. */
export function logSettingsIn(...inputs: readonly unknown[]): LogSettings {
  const settings: { -readonly [K in keyof LogSettings]: LogSettings[K] } = {
    logFormat: 'text',
    logLevel: 'info',
  };
  for (const input of inputs) {
    if (!isPlainObject(input)) continue;
    const { logFormat, logLevel } = input;
    if (logFormat === 'text' || logFormat === 'json') settings.logFormat = logFormat;
    settings.logLevel = logLevels.find((level) => level === logLevel) ?? settings.logLevel;
  }
  return settings;
}
