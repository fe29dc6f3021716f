/** The command: arguments in, exit code out. What it touches of the process is handed to it. */
import { fail, isReverseItError } from '@reverseit/core/errors';
import { type Fault, faultText } from '@reverseit/core/options';
import type { ReverseItCluster } from '../cluster/cluster-types.ts';
import type { WorkerSource } from '../cluster/messages.ts';
import { loadConfiguration } from '../config/configuration.ts';
import { LineLogger } from '../logging/line-logger.ts';
import type { Logger } from '../logging/logger.ts';
import { showListenAddress } from '../options/listen-address.ts';
import type { ReverseItOptions } from '../options/proxy-options.ts';
import {
  type ResolvedProxyOptions,
  resolveProxyOptions,
} from '../options/resolve-proxy-options.ts';
import { type Workers, workerCount } from '../options/workers.ts';
import type { ReverseItServer } from '../server/create-server.ts';
import { type Arguments, parseArguments } from './arguments.ts';
import { acceptedBy, flags } from './flags.ts';
import { helpText } from './help.ts';
import { type ExitCode, type Served, type ServeHost, serve } from './serve.ts';

/** The world of the command. */
export interface CommandHost extends ServeHost {
  /** Arguments without the names of Node and of the script. */
  readonly args: readonly string[];
  readonly version: string;
  /** Whether headings are shown in bold. */
  readonly color: boolean;
  readFile(path: string): string;
  loadConfig(file: string): Promise<unknown>;
  createServer(options: ReverseItOptions): ReverseItServer;
  /** A cluster whose workers are made of what `source` says, asked for each of them. */
  createCluster(source: () => WorkerSource, logger: Logger | null): ReverseItCluster;
}

/** Runs until the command is done; then the process may end. */
export async function run(host: CommandHost): Promise<ExitCode> {
  const given = parseArguments(host.args, (path) => host.readFile(path));
  if (given.faults.length > 0) return refuse(host, faultText(given.faults));
  if (given.help)
    host.print(helpText((text) => (host.color ? `\u001B[1m${text}\u001B[22m` : text)));
  else if (given.version) host.print(`reverseit ${host.version}`);
  else return start(host, given);
  return 0;
}

async function start(host: CommandHost, given: Arguments): Promise<ExitCode> {
  let options: ResolvedProxyOptions;
  let served: Served;
  try {
    const input = await loadConfiguration(given, (file) => host.loadConfig(file));
    options = resolveProxyOptions(input);
    served = servedBy(host, options, withLogger(host, input));
  } catch (error) {
    if (!isReverseItError(error)) throw error;
    return refuse(host, withFlags(error.message, error.details?.faults, given));
  }
  if (given.check) {
    host.print('The configuration is valid.');
    return 0;
  }
  return serve(host, served, (address) => {
    const where = showListenAddress(address, options.server.tls !== null);
    const workers = options.workers === 1 ? '' : ` (${workersText(options.workers)})`;
    return `reverseit listening on ${where} -> ${backendsOf(options)}${workers}`;
  });
}

const workersText = (workers: Workers): string => {
  const count = workerCount(workers);
  return count === 1 ? '1 worker' : `${count} workers`;
};

/** This process, unless several are wanted. */
function servedBy(
  host: CommandHost,
  { listen, workers }: ResolvedProxyOptions,
  input: ReverseItOptions,
): Served {
  // Made in any case: there are options that only the server can judge.
  const server = host.createServer({ ...input, workers: undefined });
  if (workers === 1) {
    return {
      listen: () => server.listen(listen),
      close: (how) => server.close(how),
    };
  }
  return host.createCluster(() => workerSource(host), input.logger ?? null);
}

/** Read anew for each worker: the files that flags name may have changed. */
function workerSource(host: CommandHost): WorkerSource {
  const { config, options, faults } = parseArguments(host.args, (path) => host.readFile(path));
  if (faults.length > 0) throw fail('RIT_ERR_CONFIG', faultText(faults));
  return { config, options };
}

/** Logs to standard error unless the configuration brings a logger. */
const withLogger = (host: CommandHost, input: unknown): ReverseItOptions => {
  const logger = new LineLogger(
    (line) => host.log(line),
    () => host.now(),
  );
  // The options were accepted by now.
  return { logger, ...(input as ReverseItOptions) };
};

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

function refuse(host: CommandHost, message: string): ExitCode {
  host.log(`reverseit: ${message}`);
  host.log('reverseit --help lists all options');
  return 2;
}

const mostShown = 3;

const backendsOf = ({ routes }: ResolvedProxyOptions): string => {
  const all = routes.map(({ backend, unixSocket }) => {
    if (backend === null) return 'its own responses';
    return unixSocket === null ? backend.href : `${backend.href} (unix:${unixSocket})`;
  });
  const distinct = [...new Set(all)];
  return distinct.length > mostShown ? `${distinct.length} backends` : distinct.join(', ');
};
