/** The options of one listener: where it listens, and what it does otherwise than the server as a whole. */
import type { ListenTarget, ServerOptions } from '@reverseit/core';
import type { AddressList } from '@reverseit/core/internal';
import { type ResolvedServerOptions, serverOptions } from '@reverseit/core/internal/server';
import {
  custom,
  defineOptions,
  type Faults,
  isPlainObject,
  type JsonSchema,
  keyPath,
  type OptionInput,
  type OptionValues,
  optionalCount,
  pickOptions,
  readOptions,
  string,
  switchGroup,
} from '@reverseit/core/options';
import { listenTarget, parseListenAddress } from './listen-address.ts';
import { type RedirectOptions, type RedirectRules, redirectOptions } from './redirect-options.ts';
import { readSocketMode, socketModeAccepted } from './socket-mode.ts';

const group = 'Listeners';

const placeOptions = defineOptions({
  /**
   * Address or name of this machine to listen on; without it: every address of the machine.
   * Default: none.
   */
  host: string({
    group,
    prose:
      'Address or name of this machine to listen on; without it: every address of the machine.',
    default: null,
  }),
  /** Port to listen on; 0 is any free one. Default: none. */
  port: optionalCount({
    group,
    prose: 'Port to listen on; 0 is any free one.',
    noun: 'a port',
    min: 0,
    max: 65_535,
    placeholder: null,
  }),
  /**
   * Path of a Unix socket to listen on instead of a port. A stale one is replaced.
   * Default: none.
   */
  path: string({
    group,
    prose: 'Path of a Unix socket to listen on instead of a port. A stale one is replaced.',
    default: null,
  }),
  /**
   * File descriptor of a socket that the process was started with (socket activation), 3 or higher.
   * Default: none.
   */
  fd: custom<number | null, number | null>({
    group,
    kind: 'file descriptor',
    prose:
      'File descriptor of a socket that the process was started with (socket activation), 3 or higher.',
    default: null,
    accepts: 'a file descriptor from 3',
    text: null,
    json: { type: 'integer', minimum: 3, maximum: 99_999 },
    check: (value) =>
      Number.isInteger(value) && Number(value) >= 3 && Number(value) <= 99_999
        ? Number(value)
        : undefined,
  }),
  /**
   * Permissions of the Unix socket, in octal as text, such as "0660". Without it the umask decides.
   * Default: none.
   */
  mode: custom<number | string | null, number | null>({
    group,
    kind: 'mode',
    prose:
      'Permissions of the Unix socket, in octal as text, such as "0660". Without it the umask decides.',
    default: null,
    accepts: socketModeAccepted,
    text: null,
    json: { anyOf: [{ type: 'string' }, { type: 'integer', minimum: 0, maximum: 511 }] },
    check: readSocketMode,
  }),
});

const redirectRow = defineOptions({
  /**
   * Redirects every request on this listener to https, unless a trusted proxy says that it came by https.
   */
  redirectToHttps: switchGroup<typeof redirectOptions, RedirectOptions, RedirectRules>({
    group,
    prose:
      'Redirects every request on this listener to https, unless a trusted proxy says that it came by https.',
    flagPrefix: 'redirect-to-https',
    rows: redirectOptions,
  }),
});

/** Every option of a listener. What the server as a whole has as well is its default. */
export const listenerOptions = defineOptions({ ...placeOptions, ...redirectRow, ...serverOptions });

/** Those that only a listener has. */
export const ownListenerOptions = defineOptions({ ...placeOptions, ...redirectRow });

/**
 * One listener, as a user writes it: `port`, perhaps with `host`, or `path`, or `fd`; and options of the listener that
 * differ from those of the server. `tls: null` is plain HTTP.
 */
export interface ListenerOptions extends ServerOptions, OptionInput<typeof placeOptions> {
  /**
   * Redirects every request on this listener to https, unless a trusted proxy says that it came by https. Default: false.
   */
  readonly redirectToHttps?: RedirectOptions | boolean | null | undefined;
}

/** Where to listen unless told. */
export const defaultAddress = '127.0.0.1:4000';

/** Where to listen, as a user writes it. */
export type ListenInput = string | number | ListenerOptions;

/** A listener, checked and complete. */
export interface ResolvedListener {
  readonly target: ListenTarget;
  readonly server: ResolvedServerOptions;
  /** Null where it serves requests. */
  readonly redirect: RedirectRules | null;
}

/** What `readListeners` accepts, for messages. */
export const listenAccepted =
  '"HOST:PORT", "[IPV6]:PORT", ":PORT", a port, "unix:PATH", "fd:N", an object {host, port}, {path} or {fd}, or an array of these';

/** Whether a value could be one, at first sight. */
export const isListenInput = (value: unknown): boolean =>
  typeof value === 'string' ||
  Number.isInteger(value) ||
  (isPlainObject(value) && ('port' in value || 'path' in value || 'fd' in value)) ||
  (Array.isArray(value) && value.length > 0);

/** What it looks like in JSON. */
export const listenSchema: JsonSchema = (() => {
  const address = [
    { type: 'string' },
    { type: 'integer', minimum: 0, maximum: 65535 },
    { $ref: '#/definitions/listener' },
  ];
  return { anyOf: [...address, { type: 'array', minItems: 1, items: { anyOf: address } }] };
})();

/**
 * Reads one listener or a list of them; `base` has what they do not say themselves. Empty where none could
 * be read, which is reported.
 */
export function readListeners(
  value: unknown,
  key: string,
  base: ResolvedServerOptions,
  faults: Faults,
): readonly ResolvedListener[] {
  if (!Array.isArray(value)) return found(readListener(value, key, base, faults));
  if (value.length === 0) faults.refuse(key, value, 'at least one address');
  const all = value.flatMap((one, nth) => found(readListener(one, `${key}[${nth}]`, base, faults)));
  if (all.length === value.length) refuseRepeats(all, key, faults);
  return Object.freeze(all.map((one) => withoutAlpn(one, all, base)));
}

/**
 * Both protocols need TLS, where the client chooses by ALPN. A listener without it, beside one that has it, that does
 * not say itself what it speaks, is there for HTTP/1.1: to redirect to https, for one.
 */
function withoutAlpn(
  listener: ResolvedListener,
  all: readonly ResolvedListener[],
  base: ResolvedServerOptions,
): ResolvedListener {
  const { server } = listener;
  if (server.tls !== null || server.protocols !== base.protocols) return listener;
  if (server.protocols.length === 1 || all.every((one) => one.server.tls === null)) return listener;
  return Object.freeze({ ...listener, server: Object.freeze({ ...server, protocols: http1 }) });
}

const http1: ResolvedServerOptions['protocols'] = Object.freeze(['http1'] as const);

/**
 * Of listeners that expect PROXY protocol headers and do not say from whom: from the proxies that are trusted.
 * A header from anybody would be believed otherwise.
 */
export function withTrustedPeers(
  listeners: readonly ResolvedListener[],
  trusted: AddressList,
  faults: Faults,
): readonly ResolvedListener[] {
  return Object.freeze(
    listeners.map((one) => {
      const { server } = one;
      if (server.proxyProtocol === null || !server.proxyProtocol.from.empty) return one;
      if (trusted.empty && !faults.has('proxyProtocol')) {
        const text =
          'expected trustedProxies, or {from} with the addresses of who sends the header';
        faults.add('proxyProtocol', text);
      }
      const proxyProtocol = Object.freeze({ from: trusted });
      return Object.freeze({ ...one, server: Object.freeze({ ...server, proxyProtocol }) });
    }),
  );
}

const found = (one: ResolvedListener | undefined): readonly ResolvedListener[] =>
  one === undefined ? [] : [one];

function readListener(
  value: unknown,
  key: string,
  base: ResolvedServerOptions,
  faults: Faults,
): ResolvedListener | undefined {
  if (isPlainObject(value)) return readObject(value, key, base, faults);
  const isText = typeof value === 'string' || typeof value === 'number';
  const target = isText ? parseListenAddress(`${value}`) : undefined;
  if (target === undefined) faults.refuse(key, value, listenAccepted);
  else return Object.freeze({ target, server: base, redirect: null });
  return undefined;
}

function readObject(
  value: Readonly<Record<string, unknown>>,
  key: string,
  base: ResolvedServerOptions,
  faults: Faults,
): ResolvedListener | undefined {
  const before = faults.list.length;
  const initial = { ...base, ...noPlace };
  const values = readOptions(listenerOptions, value, key, faults, initial);
  const { redirectToHttps: redirect } = values;
  const target = targetOf(values, key, faults);
  const isSecure = value.tls !== undefined && value.tls !== null;
  if (redirect !== null && isSecure) {
    faults.add(
      keyPath(key, 'tls'),
      'a listener with redirectToHttps speaks plain HTTP; leave out tls',
    );
  }
  if (!isSecure && values.protocols !== base.protocols && values.protocols.length > 1) {
    const text = 'without tls a listener speaks either http1 or http2';
    faults.add(keyPath(key, 'protocols'), text);
  }
  if (target === undefined || faults.list.length > before) return undefined;
  const server = pickOptions(serverOptions, values);
  return Object.freeze({
    target,
    // What is to be redirected to TLS comes without it.
    server: redirect === null ? server : Object.freeze({ ...server, tls: null }),
    redirect,
  });
}

const noPlace = Object.freeze({
  host: null,
  port: null,
  path: null,
  fd: null,
  mode: null,
  redirectToHttps: null,
});

function targetOf(
  { host, port, path, fd, mode }: OptionValues<typeof placeOptions>,
  key: string,
  faults: Faults,
): ListenTarget | undefined {
  if (fd !== null) {
    if (host === null && port === null && path === null && mode === null) {
      return Object.freeze({ fd });
    }
    faults.add(key, 'expected fd alone, or port or path instead');
    return undefined;
  }
  if (path !== null) {
    if (host !== null || port !== null) {
      faults.add(key, 'expected either port, perhaps with host, or path');
      return undefined;
    }
    const target = parseListenAddress(`unix:${path}`);
    if (target === undefined)
      faults.refuse(keyPath(key, 'path'), path, 'the path of a Unix socket');
    else return mode === null ? target : Object.freeze({ path, mode });
    return undefined;
  }
  if (mode !== null) faults.add(keyPath(key, 'mode'), 'only a Unix socket has one; set path');
  if (port === null) {
    if (!faults.has(keyPath(key, 'port'))) faults.add(key, 'port, path or fd required');
    return undefined;
  }
  const target = listenTarget(host, port);
  if (target === undefined)
    faults.refuse(keyPath(key, 'host'), host, 'a host name or an IP address');
  return target;
}

/** Of two listeners at one place the second could not start. */
function refuseRepeats(listeners: readonly ResolvedListener[], key: string, faults: Faults): void {
  const seen = new Map<string, number>();
  for (const [nth, { target }] of listeners.entries()) {
    const place = placeOf(target);
    const same = place === null ? undefined : seen.get(place);
    if (same !== undefined) faults.add(`${key}[${nth}]`, `has the same address as ${key}[${same}]`);
    else if (place !== null) seen.set(place, nth);
  }
}

/** Null for a free port, of which each is another. */
function placeOf(target: ListenTarget): string | null {
  if ('path' in target) return `unix:${target.path}`;
  if ('fd' in target) return `fd:${target.fd}`;
  return target.port === 0 ? null : `${target.host ?? '*'} ${target.port}`;
}
