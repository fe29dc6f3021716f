/** The access log: a line for each request that is over. */

import { createError } from '@reverseit/core/errors';
import { hasKnownKeys, messageOf } from '@reverseit/core/internal';
import { Faults } from '@reverseit/core/options';
import type { AccessRecord, RequestInfo } from '../../hooks/hooks.ts';
import { GuardedLogger } from '../guarded-logger.ts';
import type { Logger } from '../logger.ts';
import { standardErrorLogger } from '../standard-error.ts';
import { LogFile } from './log-file.ts';
import { compileLogFormat, type LogFormat } from './log-format.ts';

/** What an access log is made of. */
export interface AccessLogOptions {
  /** File to append to, created with mode 0640; `-` is standard output. */
  readonly file: string;
  /**
   * `combined`, `json`, a template such as `$remote_addr "$request" $status`, or a function that returns a line.
   * Default: `combined`.
   */
  readonly format?: string | LogFormat;
  /** Lines that may wait for a slow disk, in bytes; further ones are dropped and counted. Default: 4194304. */
  readonly maxBufferedBytes?: number;
  /** Told of lines that were lost. Default: a line each on standard error; null: nobody. */
  readonly logger?: Logger | null;
}

/** An access log, to be given requests by the hook `onFinish`. */
export interface AccessLog {
  /** Writes the line of a request: `onFinish: accessLog.onFinish`. */
  readonly onFinish: (record: AccessRecord, context: RequestInfo) => void;
  /** Lines that were lost: the disk or reader was too slow, or failed. */
  readonly dropped: number;
  /** Opens the file again, as after `logrotate` has renamed it. Where that fails the open one stays. */
  reopen(): Promise<void>;
  /** Writes what is left, and closes the file; lines of later requests are dropped. */
  close(): Promise<void>;
}

export const defaultMaxBuffered = 4_194_304;
const known = ['file', 'format', 'maxBufferedBytes', 'logger'];

/**
 * Makes an access log for `onFinish`. The file is opened at once.
 * @throws ConfigError `RIT_ERR_CONFIG` for invalid options, and where the file cannot be opened
 */
export function createAccessLog(options: AccessLogOptions): AccessLog {
  const faults = new Faults();
  if (!hasKnownKeys(options, known, '', faults)) faults.throwIfAny();
  const { file, format = 'combined', maxBufferedBytes = defaultMaxBuffered } = options;
  if (typeof file !== 'string' || file === '') faults.refuse('file', file, 'a file name or "-"');
  if (!Number.isSafeInteger(maxBufferedBytes) || maxBufferedBytes < 1) {
    faults.refuse('maxBufferedBytes', maxBufferedBytes, 'a whole number of bytes from 1');
  }
  const line = logFormatOf(format);
  if (typeof line !== 'function') faults.add('format', line.fault);
  faults.throwIfAny();
  const { logger = standardErrorLogger } = options;
  const log = new ServerAccessLog(() => logger);
  const settings = { file, format: line as LogFormat, maxBuffered: maxBufferedBytes };
  log.prepare(settings).commit();
  return log;
}

/** From the option to a function that writes lines, or to what is wrong with it. */
export function logFormatOf(format: unknown): LogFormat | { readonly fault: string } {
  if (typeof format === 'string' && format !== '') return compileLogFormat(format);
  if (typeof format !== 'function') {
    return { fault: 'expected "combined", "json", a template or a function (record, context)' };
  }
  const write = format as LogFormat;
  return (record, context) => oneLine(String(write(record, context)));
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: what an application has not escaped
const oneLine = (text: string): string => text.replace(/[\x00-\x08\x0a-\x1f\x7f]+/g, ' ');

/** The options of an access log, checked. */
export interface AccessLogSettings {
  readonly file: string;
  readonly format: LogFormat;
  readonly maxBuffered: number;
}

/** An access log whose file and format can change. Nothing is written before the first `commit`. */
export class ServerAccessLog implements AccessLog {
  readonly #logger: () => Logger | null;
  #file: LogFile | null = null;
  #format: LogFormat | null = null;
  #droppedBefore = 0;

  /** `logger` is told of lines that were lost. */
  constructor(logger: () => Logger | null) {
    this.#logger = logger;
  }

  readonly onFinish = (record: AccessRecord, context: RequestInfo): void => {
    if (this.#file !== null && this.#format !== null) {
      this.#file.write(this.#format(record, context));
    }
  };

  get dropped(): number {
    return this.#droppedBefore + (this.#file?.dropped ?? 0);
  }

  /**
   * Opens the file that other options name, which is used from `commit` on; null: none.
   * @throws ConfigError `RIT_ERR_CONFIG` where it cannot be opened
   */
  prepare(settings: AccessLogSettings | null): { commit(): void; discard(): void } {
    const former = this.#file;
    const file = settings === null ? null : this.#open(settings);
    return {
      commit: () => {
        this.#file = file;
        this.#format = settings?.format ?? null;
        if (former !== null) this.#retire(former);
      },
      discard: () => {
        void file?.close();
      },
    };
  }

  #retire(former: LogFile): void {
    const { dropped } = former;
    this.#droppedBefore += dropped;
    void former.close().then(() => {
      this.#droppedBefore += former.dropped - dropped;
    });
  }

  #open({ file, maxBuffered }: AccessLogSettings): LogFile {
    try {
      return new LogFile({
        path: file,
        maxBuffered,
        report: (message) => this.#report(message),
      });
    } catch (cause) {
      throw createError('RIT_ERR_CONFIG', `accessLog: cannot open ${file}: ${messageOf(cause)}`, {
        cause,
      });
    }
  }

  #report(message: string): void {
    const logger = this.#logger();
    if (logger !== null) new GuardedLogger(logger).warn({}, `access log: ${message}`);
  }

  async reopen(): Promise<void> {
    await this.#file?.reopen();
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }
}
