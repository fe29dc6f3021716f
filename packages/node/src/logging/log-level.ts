/** Levels of log lines, from everything to what has to be looked at. */
import type { Logger } from './logger.ts';

export type LogLevel = keyof Logger;

export const logLevels = ['debug', 'info', 'warn', 'error'] as const satisfies readonly LogLevel[];

/** Whether a line of `level` is written where `least` is asked for. */
export const isLogged = (level: LogLevel, least: LogLevel): boolean =>
  logLevels.indexOf(level) >= logLevels.indexOf(least);
