/** The list of a group's backends: what may be written, and the same checked and complete. */
import {
  backendUrl,
  boolean,
  count,
  defaultValues,
  defineOptions,
  Faults,
  type OptionInput,
  readOptions,
  string,
} from '@reverseit/core/options';
import type { OriginPlace } from '../../options/origin.ts';

const group = 'Backends';

const maxBackends = 10_000;

export const backendOptions = defineOptions({
  /** URL of the backend, optionally with a path prefix. Required. */
  url: backendUrl({
    group,
    prose: 'URL of the backend, optionally with a path prefix.',
    schemes: ['http:', 'https:', 'ws:', 'wss:'],
  }),
  /** Name of the backend in logs, for hashing and for draining it. Default: the URL. */
  name: string({
    group,
    prose: 'Name of the backend in logs, for hashing and for draining it.',
    default: null,
    defaultText: 'the URL',
    accepts: 'a non-empty string of at most 255 characters',
    check: (name) => name !== '' && name.length <= 255,
  }),
  /**
   * Share of the requests, relative to the other backends. 0 takes those that affinity or chooseBackend bind to it, and no others.
   * Default: 1.
   */
  weight: count({
    group,
    prose:
      'Share of the requests, relative to the other backends. 0 takes those that affinity or chooseBackend bind to it, and no others.',
    default: 1,
    min: 0,
    max: 65_535,
  }),
  /** Gets requests only while every other backend is down or at its maxRequests. Default: false. */
  backup: boolean({
    group,
    prose: 'Gets requests only while every other backend is down or at its maxRequests.',
    default: false,
  }),
  /** Maximum number of concurrent requests; above it the backend is skipped. Default: Infinity. */
  maxRequests: count({
    group,
    prose: 'Maximum number of concurrent requests; above it the backend is skipped.',
    default: Number.POSITIVE_INFINITY,
    lift: true,
  }),
  /** Unix socket to connect to; the host of the URL is still sent as Host. Default: none. */
  unixSocket: string({
    group,
    prose: 'Unix socket to connect to; the host of the URL is still sent as Host.',
    default: null,
    accepts: 'a path of at most 107 bytes',
    placeholder: 'PATH',
    check: (path) => path !== '' && !path.includes('\0') && Buffer.byteLength(path) <= 107,
  }),
});

/** One backend of a list, as a user writes it. */
export interface BackendOptions extends OptionInput<typeof backendOptions> {}

/** One backend of a list: its URL, or an object. */
export type BackendInput = string | URL | BackendOptions;

/** A backend of a list, checked and complete. */
export interface BackendSpec {
  readonly name: string;
  /** In one spelling: scheme and host in lower case, no default port, no slash at the end. */
  readonly url: string;
  /** Whether the URL asks for TLS. */
  readonly secure: boolean;
  /** Host and port of the URL, as Host names them. */
  readonly authority: string;
  /** Path of the URL; empty where it has none. */
  readonly pathPrefix: string;
  readonly weight: number;
  /** 0 first; the next one is for when nobody of those before it can serve. */
  readonly tier: number;
  readonly maxRequests: number;
  readonly unixSocket: string | null;
  /** Where it is reached, if not where its URL says. */
  readonly place: OriginPlace | null;
}

const defaults = defaultValues(backendOptions);

export const listAccepted =
  'the URL of a backend, or an array of URLs and of {url, name, weight, backup, maxRequests, unixSocket}';

/** Reads a list; reports what is wrong under `key`. */
export function readBackendList(
  value: unknown,
  key: string,
  faults: Faults,
): readonly BackendSpec[] {
  const given: readonly unknown[] = Array.isArray(value) ? value : [value];
  const specs: BackendSpec[] = [];
  const places = new Map<string, string>();
  if (given.length > maxBackends) {
    faults.add(key, `${given.length} backends are too many; expected at most ${maxBackends}`);
    return specs;
  }
  for (const [index, one] of given.entries()) {
    const at = Array.isArray(value) ? `${key}[${index}]` : key;
    const spec = readBackend(one, at, faults);
    if (spec === null) continue;
    const namesake = places.get(spec.name);
    if (namesake !== undefined) {
      faults.add(
        at,
        `has the name of ${namesake}, ${JSON.stringify(spec.name)}; expected one of its own`,
      );
      continue;
    }
    places.set(spec.name, at);
    specs.push(spec);
  }
  return Object.freeze(specs);
}

/** @throws ConfigError `RIT_ERR_CONFIG` that names every fault */
export function resolveBackendList(value: unknown): readonly BackendSpec[] {
  const faults = new Faults();
  const specs = readBackendList(value, 'backends', faults);
  faults.throwIfAny();
  return specs;
}

function readBackend(value: unknown, key: string, faults: Faults): BackendSpec | null {
  const isUrl = typeof value === 'string' || value instanceof URL;
  const before = faults.list.length;
  const { url, name, weight, backup, maxRequests, unixSocket } = isUrl
    ? { ...defaults, url: backendOptions.url.read(value, key, faults, null) }
    : readOptions(backendOptions, value, key, faults, defaults);
  if (faults.list.length > before) return null;
  if (url === null) {
    faults.add(`${key}.url`, 'required; expected the URL of a backend');
    return null;
  }
  const spec = {
    name: name ?? (unixSocket === null ? url.href : `${url.href} (unix:${unixSocket})`),
    url: url.href,
    secure: url.secure,
    authority: url.authority,
    pathPrefix: url.pathPrefix,
    weight,
    tier: backup ? 1 : 0,
    maxRequests,
    unixSocket,
    place: null,
  };
  return Object.freeze(spec);
}
