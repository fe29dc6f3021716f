/** The command: arguments in, exit code out. What it touches of the process is handed to it. */
import { createError, isReverseItError } from '@reverseit/core/errors';
import { ignoreError } from '@reverseit/core/internal';
import { type Fault, faultText, isPlainObject } from '@reverseit/core/options';
import type { ReverseItCluster } from '../cluster/cluster-types.ts';
import type { WorkerSource } from '../cluster/messages.ts';
import { loadConfiguration } from '../config/configuration.ts';
import type { Logger } from '../logging/logger.ts';
import type { OnReload } from '../options/admin-options.ts';
import { showListenAddress } from '../options/listeners/listen-address.ts';
import type { ResolvedListener } from '../options/listeners/listener-options.ts';
import type { ReverseItOptions } from '../options/proxy-options.ts';
import {
  type ResolvedProxyOptions,
  resolveProxyOptions,
} from '../options/resolve-proxy-options.ts';
import { type Workers, workerCount } from '../options/workers.ts';
import type { Address } from '../server/address.ts';
import type { ServedProxy } from '../server/create-server.ts';
import { type Arguments, parseArguments } from './arguments.ts';
import { CommandLog, logSettingsIn } from './command-log.ts';
import { acceptedBy, flags } from './flags.ts';
import { helpText } from './help.ts';
import { type ReadyFile, ReadyServed } from './ready-file.ts';
import { Reloads } from './reloads.ts';
import { type ExitCode, type Served, type ServeHost, serve } from './serve.ts';
import { FileWatch, filesIn, type WatchHost } from './watched-files.ts';

/** The world of the command. */
export interface CommandHost extends ServeHost, WatchHost {
  /** Arguments without the names of Node and of the script. */
  readonly args: readonly string[];
  readonly version: string;
  /** Descriptors of sockets that the process was started with. */
  readonly sockets: readonly number[];
  /** A text in bold, where that can be shown. */
  bold(text: string): string;
  readFile(path: string): string;
  /** `times`: how often it was loaded before. */
  loadConfig(file: string, times: number): Promise<unknown>;
  createServer(options: ReverseItOptions): ServedProxy;
  readyFile(path: string): ReadyFile;
  /** A cluster whose workers are made of what `source` says, asked for each of them. */
  createCluster(
    source: () => WorkerSource,
    logger: Logger | null,
    onReload: OnReload,
  ): ReverseItCluster;
}

/** Runs until the command is done; then the process may end. */
export async function run(host: CommandHost): Promise<ExitCode> {
  const given = parseArguments(host.args, (path) => host.readFile(path));
  if (given.faults.length > 0) {
    return refuse(new CommandLog(host, logSettingsIn(given.options)), faultText(given.faults));
  }
  if (given.help) host.print(helpText((text) => host.bold(text)));
  else if (given.version) host.print(`reverseit ${host.version}`);
  else return start(host, given);
  return 0;
}

async function start(host: CommandHost, given: Arguments): Promise<ExitCode> {
  let log = new CommandLog(host, logSettingsIn(given.options));
  let options: ResolvedProxyOptions;
  let served: Served;
  let reloads: Reloads | null = null;
  const files = new FileWatch(host);
  try {
    const source = { ...given, sockets: host.sockets };
    const input = await loadConfiguration(source, (file) => host.loadConfig(file, 0));
    log = new CommandLog(host, logSettingsIn(input));
    options = resolveProxyOptions(input);
    const watch = given.watch ? (read: unknown) => files.update(filesIn(given, read)) : null;
    await watch?.(input);
    const onReload = async (asker: string) => reloads?.ask(`POST /reload from ${asker}`);
    served = servedBy(host, options, withLogger(log, input), watch, onReload);
    const { readyFile } = options;
    if (readyFile !== null) served = new ReadyServed(served, host.readyFile(readyFile));
  } catch (error) {
    if (!isReverseItError(error)) throw error;
    return refuse(log, withFlags(error.message, error.details?.faults, given));
  }
  if (given.check) {
    // What it has begun, such as looking up backends, need not end first.
    served.close({ timeout: 0 }).catch(ignoreError);
    host.print('The configuration is valid.');
    return 0;
  }
  const linesOf = (addresses: readonly Address[]): readonly string[] => {
    const where = addresses
      .map((address, nth) => showListenAddress(address, isSecure(options, nth)))
      .join(', ');
    const workers = options.workers === 1 ? '' : ` (${workersText(options.workers)})`;
    const lines = [`listening on ${where} -> ${backendsOf(options)}${workers}`];
    const admin = served.adminAddress();
    if (admin !== null) lines.push(`admin on ${showListenAddress(admin)}`);
    return lines;
  };
  // Standard output may be that of an access log, or of nothing but JSON.
  const announce =
    options.log.logFormat === 'json' || options.accessLog?.file === '-'
      ? (line: string): void => log.notice(line)
      : (line: string): void => host.print(`reverseit ${line}`);
  const texts = {
    announce(addresses: readonly Address[]): void {
      for (const line of linesOf(addresses)) announce(line);
    },
    log,
  };
  reloads = new Reloads(served, log);
  return serve(host, served, texts, reloads, (onChange) => files.start(onChange));
}

const isSecure = ({ listeners }: ResolvedProxyOptions, nth: number): boolean =>
  listeners[nth]?.server.tls != null;

const workersText = (workers: Workers): string => {
  const count = workerCount(workers);
  return count === 1 ? '1 worker' : `${count} workers`;
};

/** Gets what was read. Nobody has checked it. */
type OnRead = (input: unknown) => Promise<void>;

/**
 * This process, unless several are wanted.
 * @param onRead hears what a reload has read, before it is applied; null where nobody wants to know
 * @param onReload is what `POST /reload` does
 */
function servedBy(
  host: CommandHost,
  { listeners, workers }: ResolvedProxyOptions,
  input: ReverseItOptions,
  onRead: OnRead | null,
  onReload: OnReload,
): Served {
  // Made in any case: there are options that only the server can judge.
  const server = host.createServer({
    ...withReload(input, onReload),
    workers: undefined,
    readyFile: undefined,
  });
  if (workers === 1) return new ServedHere(host, server, listeners, onRead, onReload);
  // It would check and look up backends beside the workers.
  server.close({ timeout: 0 }).catch(ignoreError);
  let times = 0;
  const cluster = host.createCluster(() => workerSource(host), input.logger ?? null, onReload);
  return {
    listen: async () => {
      await cluster.listen();
      return cluster.addresses();
    },
    close: (how) => cluster.close(how),
    reload: async () => {
      if (onRead !== null) {
        const load = (file: string): Promise<unknown> => host.loadConfig(file, ++times);
        await onRead(await loadConfiguration(workerSource(host), load));
      }
      await cluster.restart();
    },
    adminAddress: () => cluster.adminAddress(),
    reopenLogs: () => cluster.reopenLogs(),
    reloadTexts: {
      begun: 'restarting the workers one by one',
      done: 'the workers were restarted',
      failed: 'restart failed',
      kept: 'workers that were not replaced keep running',
    },
  };
}

/** A server in this process. */
class ServedHere implements Served {
  readonly reloadTexts = {
    begun: 'reloading the configuration',
    done: 'the configuration was reloaded',
    failed: 'reload failed',
    kept: 'the current configuration stays',
  };
  readonly #host: CommandHost;
  readonly #server: ServedProxy;
  readonly #listeners: readonly ResolvedListener[];
  readonly #onRead: OnRead | null;
  readonly #onReload: OnReload;
  #times = 0;

  constructor(
    host: CommandHost,
    server: ServedProxy,
    listeners: readonly ResolvedListener[],
    onRead: OnRead | null,
    onReload: OnReload,
  ) {
    this.#onRead = onRead;
    this.#onReload = onReload;
    this.#host = host;
    this.#server = server;
    this.#listeners = listeners;
  }

  listen(): Promise<readonly Address[]> {
    return this.#server.listenAt(this.#listeners.map(({ target }) => target));
  }

  close(how?: { readonly timeout?: number }): Promise<void> {
    return this.#server.close(how);
  }

  adminAddress(): Address | null {
    return this.#server.adminAddress();
  }

  reopenLogs(): Promise<void> {
    return this.#server.reopenLogs();
  }

  async reload(): Promise<void> {
    const host = this.#host;
    const given = workerSource(host);
    this.#times++;
    const input = await loadConfiguration(given, (file) => host.loadConfig(file, this.#times));
    // Also of what will be rejected: a file that is missing or half written may soon be whole.
    await this.#onRead?.(input);
    // What is no object is for the server to check.
    const log = new CommandLog(host, logSettingsIn(input));
    this.#server.reload(withReload(withLogger(log, input), this.#onReload));
  }
}

/** Read again for each worker and each reload: the files that flags name may have changed. */
function workerSource(host: CommandHost): WorkerSource {
  const { config, options, faults } = parseArguments(host.args, (path) => host.readFile(path));
  if (faults.length > 0) throw createError('RIT_ERR_CONFIG', faultText(faults));
  return { config, options, sockets: host.sockets };
}

/** `POST /reload` does what SIGHUP does, unless the configuration says what it does. */
const withReload = (input: ReverseItOptions, onReload: OnReload): ReverseItOptions =>
  isPlainObject(input.admin) ? { ...input, admin: { onReload, ...input.admin } } : input;

/** Logs to standard error unless the configuration brings a logger. */
const withLogger = ({ logger }: CommandLog, input: unknown): ReverseItOptions =>
  // What is no object of options is refused by whoever is given it.
  ({ logger, ...(input as ReverseItOptions) });

/** The same message, with the flags that the user typed named beside the options, and their form. */
function withFlags(message: string, faults: unknown, given: Arguments): string {
  if (!Array.isArray(faults)) return message;
  return faultText(
    faults.map(({ key, message }: Fault) => {
      const path = key.replace(/\[.*$/, '');
      const typed = given.given.get(path);
      if (typed === undefined)
        return { key: key === 'backend' ? `--backend (${key})` : key, message };
      return { key: `${typed} (${key})`, message: inFormOfFlag(path, message) };
    }),
  );
}

function inFormOfFlag(path: string, message: string): string {
  const flag = flags.find((one) => one.path.join('.') === path);
  if (flag === undefined) return message;
  return message.replace(`expected ${flag.option.accepts}`, () => `expected ${acceptedBy(flag)}`);
}

function refuse(log: CommandLog, message: string): ExitCode {
  log.error(message);
  if (log.settings.logFormat === 'text') log.hint('reverseit --help lists all options');
  return 2;
}

const maxShown = 3;

const backendsOf = ({ routes }: ResolvedProxyOptions): string => {
  const all = routes.flatMap(({ backend, backendList, unixSocket }) => {
    if (backendList !== null) return backendList.map(({ name }) => name);
    if (backend === null) return 'its own responses';
    return unixSocket === null ? backend.href : `${backend.href} (unix:${unixSocket})`;
  });
  const distinct = [...new Set(all)];
  return distinct.length > maxShown ? `${distinct.length} backends` : distinct.join(', ');
};
