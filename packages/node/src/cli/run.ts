/** The command: arguments in, exit code out. What it touches of the process is handed to it. */
import { isReverseItError } from '@reverseit/core/errors';
import { type Fault, faultText, isPlainObject } from '@reverseit/core/options';
import type { Address, ReverseItServer } from '../create-server.ts';
import { showListenAddress } from '../options/listen-address.ts';
import type { ReverseItOptions } from '../options/proxy-options.ts';
import {
  type ResolvedProxyOptions,
  resolveProxyOptions,
} from '../options/resolve-proxy-options.ts';
import { type Arguments, parseArguments } from './arguments.ts';
import { acceptedBy, flags } from './flags.ts';
import { helpText } from './help.ts';
import { LineLogger } from './line-logger.ts';

/** Ends a wait for a signal. */
export type StopWaiting = () => void;

/** The world of the command. */
export interface CommandHost {
  /** Arguments without the names of Node and of the script. */
  readonly args: readonly string[];
  readonly version: string;
  /** Whether headings are shown in bold. */
  readonly color: boolean;
  /** Writes a line to standard output. */
  print(line: string): void;
  /** Writes a line to standard error. */
  log(line: string): void;
  /** Milliseconds that never run backwards. */
  now(): number;
  readFile(path: string): string;
  loadConfig(file: string): Promise<unknown>;
  createServer(options: ReverseItOptions): ReverseItServer;
  /** Calls back at each SIGINT and SIGTERM. */
  onSignal(callback: (signal: Signal) => void): StopWaiting;
}

export type Signal = 'SIGINT' | 'SIGTERM';

/** Exit codes: 0 after a clean end, 1 when it cannot listen, 2 for a bad option, 128 + n when cut short. */
export type ExitCode = 0 | 1 | 2 | 130 | 143;

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
  let server: ReverseItServer;
  try {
    const input = await configuration(host, given);
    options = resolveProxyOptions(input);
    server = host.createServer(withLogger(host, input));
  } catch (error) {
    if (!isReverseItError(error)) throw error;
    return refuse(host, withFlags(error.message, error.details?.faults, given));
  }
  if (given.check) {
    host.print('The configuration is valid.');
    return 0;
  }
  return serve(host, server, options);
}

/** What the file says, outranked by what the flags say. */
async function configuration(host: CommandHost, given: Arguments): Promise<unknown> {
  if (given.config === null) return given.options;
  const file = await host.loadConfig(given.config);
  return isPlainObject(file) ? merged(file, given.options) : file;
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

type Fields = Readonly<Record<string, unknown>>;

const merged = (below: Fields, above: Fields): Fields => {
  const both: Record<string, unknown> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const beneath = below[key];
    both[key] = isPlainObject(value) && isPlainObject(beneath) ? merged(beneath, value) : value;
  }
  return both;
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

async function serve(
  host: CommandHost,
  server: ReverseItServer,
  options: ResolvedProxyOptions,
): Promise<ExitCode> {
  let address: Address;
  try {
    address = await server.listen(options.listen);
  } catch (error) {
    // The message names the address.
    host.log(`reverseit: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
  const ended = untilEnded(host, server);
  const where = showListenAddress(address, options.server.tls !== null);
  host.print(`reverseit listening on ${where} -> ${backendsOf(options)}`);
  return ended;
}

const mostShown = 3;

const backendsOf = ({ routes }: ResolvedProxyOptions): string => {
  const all = routes.map(({ backend, unixSocket }) => {
    if (backend === null) return 'answers of its own';
    return unixSocket === null ? backend : `${backend} (unix:${unixSocket})`;
  });
  const distinct = [...new Set(all)];
  return distinct.length > mostShown ? `${distinct.length} backends` : distinct.join(', ');
};

const codes = { SIGINT: 130, SIGTERM: 143 } as const;

/** One press of Ctrl-C may come twice in a row: from the terminal, and from npm, which passes it on. */
const echoMs = 30;

/** The first signal lets what is under way finish, the second ends at once. */
function untilEnded(host: CommandHost, server: ReverseItServer): Promise<ExitCode> {
  return new Promise((resolve, reject) => {
    let drainingSince: number | null = null;
    const stop = host.onSignal((signal) => {
      const now = host.now();
      if (drainingSince === null) {
        drainingSince = now;
        host.log(`reverseit: ${signal}, finishing what is under way; once more to end at once`);
        server.close().then(() => {
          stop();
          resolve(0);
        }, reject);
      } else if (signal === 'SIGTERM' || now - drainingSince > echoMs) {
        stop();
        resolve(codes[signal]);
      }
    });
  });
}
