/**
 * What HTTP, and a proxy, say about a field by its name: one row for each that is unlike the others. Every
 * rule about a field asks here, so that no two lists of names can disagree.
 */
import { equalsIgnoreCase } from './ascii.ts';

/** Fields whose values are read or replaced; everything else is OTHER. */
export const FIELD = {
  OTHER: 0,
  HOST: 1,
  CONTENT_LENGTH: 2,
  TRANSFER_ENCODING: 3,
  CONNECTION: 4,
  KEEP_ALIVE: 5,
  UPGRADE: 6,
  EXPECT: 7,
  DATE: 8,
  VIA: 9,
  X_FORWARDED_FOR: 10,
  X_FORWARDED_HOST: 11,
  X_FORWARDED_PROTO: 12,
  MAX_FORWARDS: 13,
  TE: 14,
  TRAILER: 15,
  /** Location and Content-Location: URLs that may be a backend's own (RFC 9110 §10.2.2, §8.7). */
  LOCATION: 16,
  /**
   * X-Forwarded-For, -Host or -Proto with `_` for `-`: a CGI or WSGI application takes it for the real one.
   */
  DISGUISED: 17,
  FORWARDED: 18,
  X_FORWARDED_PORT: 19,
  X_FORWARDED_PREFIX: 20,
  /** Not of any RFC: `5; url=…`, as browsers have it. */
  REFRESH: 21,
  SET_COOKIE: 22,
} as const;
export type Field = (typeof FIELD)[keyof typeof FIELD];

/** What fields may be, as bits: a section knows what it holds of each without a look at every name. */
export const KIND = {
  HOST: 1,
  /** A transport has something to say about it: it sets it, frames by it, or names it in Connection. */
  TRANSPORT: 2,
  /** Credentials of HTTP authentication (RFC 9110 §11). */
  CREDENTIALS: 4,
  /** Only of sections: Host stands in it more than once. */
  HOSTS: 8,
} as const;

/** What is known of a field. */
export interface FieldEntry {
  /** In lower case; ends with `-` where it stands for all names that begin so. */
  readonly name: string;
  readonly id: Field;
  /** Concerns one connection only and never passes a proxy, named in Connection or not (RFC 9110 §7.6.1). */
  readonly hopByHop: boolean;
  /**
   * Stays although Connection names it: it frames or routes the message, or tells the backend about the
   * client. Else a client could take away what a proxy before us has added.
   */
  readonly protected: boolean;
  /** Says how the body is framed and what follows it (RFC 9112 §6, RFC 9110 §6.6.2). */
  readonly framing: boolean;
  /** In a response that is sent whole, the server's to set. */
  readonly setByServer: boolean;
  /** In a request to a backend, the transport's to set. */
  readonly setByTransport: boolean;
  /** Whether options may add it to a request, or to a response of their own. */
  readonly settableByUser: boolean;
  /** Whether options may remove it from a request. */
  readonly removableByUser: boolean;
  /** Belongs to a connection of HTTP/1.1 and makes an HTTP/2 message malformed (RFC 9113 §8.2.2). */
  readonly forbiddenInHttp2: boolean;
  /** Part of the opening handshake of a WebSocket (RFC 6455 §4). */
  readonly handshake: boolean;
  /** May follow the body. Not what frames, routes, authenticates, modifies or describes (RFC 9110 §6.5.1). */
  readonly trailerAllowed: boolean;
  /**
   * Tells a backend about the client (RFC 7239 and what came before it). Matched with `_` for `-` as well.
   */
  readonly describesClient: boolean;
  /** Credentials or a challenge of HTTP authentication (RFC 9110 §11). */
  readonly auth: 'credentials' | 'challenge' | null;
  /** What joins several lines to one (RFC 9110 §5.3, RFC 9113 §8.2.3); null where they cannot be joined. */
  readonly separator: ', ' | '; ' | null;
  /** Bits of `KIND`, which follow from the rest. */
  readonly kinds: number;
}

const usual: FieldEntry = {
  name: '',
  id: FIELD.OTHER,
  hopByHop: false,
  protected: false,
  framing: false,
  setByServer: false,
  setByTransport: false,
  settableByUser: true,
  removableByUser: true,
  forbiddenInHttp2: false,
  handshake: false,
  trailerAllowed: true,
  describesClient: false,
  auth: null,
  separator: ', ',
  kinds: 0,
};

// A row below reads as the list of what holds for its field.
const hopByHop = true;
const framing = true;
const setByServer = true;
const setByTransport = true;
const settableByUser = false;
const removableByUser = false;
const forbiddenInHttp2 = true;
const handshake = true;
const trailerAllowed = false;
const hop = { hopByHop, trailerAllowed } as const;
const guarded = { protected: true, trailerAllowed } as const;
const client = { ...guarded, describesClient: true } as const;

const rows: readonly (readonly [name: string, row: Partial<FieldEntry>])[] = [
  [
    'connection',
    {
      id: FIELD.CONNECTION,
      ...hop,
      setByServer,
      setByTransport,
      settableByUser,
      forbiddenInHttp2,
    },
  ],
  [
    'keep-alive',
    { id: FIELD.KEEP_ALIVE, ...hop, setByTransport, settableByUser, forbiddenInHttp2 },
  ],
  ['proxy-connection', { ...hop, settableByUser, forbiddenInHttp2 }],
  ['proxy-authenticate', { ...hop, auth: 'challenge' }],
  ['proxy-authorization', { ...hop, auth: 'credentials' }],
  ['te', { id: FIELD.TE, ...hop, settableByUser }],
  ['trailer', { id: FIELD.TRAILER, ...hop, framing, settableByUser }],
  [
    'transfer-encoding',
    {
      id: FIELD.TRANSFER_ENCODING,
      ...hop,
      framing,
      setByServer,
      setByTransport,
      settableByUser,
      removableByUser,
      forbiddenInHttp2,
    },
  ],
  [
    'upgrade',
    { id: FIELD.UPGRADE, ...hop, setByTransport, settableByUser, forbiddenInHttp2, handshake },
  ],
  ['http2-settings', { forbiddenInHttp2 }],
  [
    'content-length',
    {
      id: FIELD.CONTENT_LENGTH,
      ...guarded,
      framing,
      setByServer,
      settableByUser,
      removableByUser,
    },
  ],
  ['host', { id: FIELD.HOST, ...guarded, removableByUser }],
  ['expect', { id: FIELD.EXPECT, setByTransport, settableByUser, trailerAllowed }],
  ['date', { id: FIELD.DATE, ...guarded }],
  ['via', { id: FIELD.VIA, ...guarded }],
  ['forwarded', { id: FIELD.FORWARDED, ...client }],
  ['x-forwarded-for', { id: FIELD.X_FORWARDED_FOR, ...client }],
  ['x-forwarded-host', { id: FIELD.X_FORWARDED_HOST, ...client }],
  ['x-forwarded-proto', { id: FIELD.X_FORWARDED_PROTO, ...client }],
  ['x-forwarded-port', { id: FIELD.X_FORWARDED_PORT, ...client }],
  ['x-forwarded-prefix', { id: FIELD.X_FORWARDED_PREFIX, ...client }],
  ['x-forwarded-', client],
  ['x-real-ip', { trailerAllowed, describesClient: true }],
  ['authorization', { trailerAllowed, auth: 'credentials' }],
  ['www-authenticate', { trailerAllowed, auth: 'challenge' }],
  ['location', { id: FIELD.LOCATION, trailerAllowed }],
  ['refresh', { id: FIELD.REFRESH, trailerAllowed }],
  ['content-location', { id: FIELD.LOCATION, trailerAllowed }],
  ['cookie', { trailerAllowed, separator: '; ' }],
  ['set-cookie', { id: FIELD.SET_COOKIE, trailerAllowed, separator: null }],
  ['sec-websocket-accept', { handshake }],
  ['sec-websocket-extensions', { handshake }],
  ['sec-websocket-key', { handshake }],
  ['sec-websocket-protocol', { handshake }],
  ['sec-websocket-version', { handshake }],
  ['accept-ranges', { trailerAllowed }],
  ['age', { trailerAllowed }],
  ['authentication-info', { trailerAllowed }],
  ['cache-control', { trailerAllowed }],
  ['client-cert', { trailerAllowed }],
  ['client-cert-chain', { trailerAllowed }],
  ['content-encoding', { trailerAllowed }],
  ['content-range', { trailerAllowed }],
  ['content-security-policy', { trailerAllowed }],
  ['content-type', { trailerAllowed }],
  ['expires', { trailerAllowed }],
  ['if-match', { trailerAllowed }],
  ['if-modified-since', { trailerAllowed }],
  ['if-none-match', { trailerAllowed }],
  ['if-range', { trailerAllowed }],
  ['if-unmodified-since', { trailerAllowed }],
  ['max-forwards', { id: FIELD.MAX_FORWARDS, trailerAllowed }],
  ['pragma', { trailerAllowed }],
  ['proxy-authentication-info', { trailerAllowed }],
  ['range', { trailerAllowed }],
  ['retry-after', { trailerAllowed }],
  ['strict-transport-security', { trailerAllowed }],
  ['vary', { trailerAllowed }],
  ['warning', { trailerAllowed }],
];

const registry: readonly FieldEntry[] = rows.map(([name, row]) => {
  const entry = { ...usual, name, ...row };
  return { ...entry, kinds: kindsOf(entry) };
});

function kindsOf({ id, setByTransport, auth }: FieldEntry): number {
  let kinds = id === FIELD.HOST ? KIND.HOST : 0;
  if (setByTransport || id === FIELD.CONTENT_LENGTH || id === FIELD.TE) kinds |= KIND.TRANSPORT;
  return auth === 'credentials' ? kinds | KIND.CREDENTIALS : kinds;
}

/** The entry of a name that could pass for that of `entry`, spelled with `_` for `-`. */
function disguiseOf({ name, id, describesClient }: FieldEntry): FieldEntry {
  const isOurs =
    id === FIELD.X_FORWARDED_FOR || id === FIELD.X_FORWARDED_HOST || id === FIELD.X_FORWARDED_PROTO;
  const disguised = isOurs ? FIELD.DISGUISED : FIELD.OTHER;
  return { ...usual, name, id: disguised, trailerAllowed: false, describesClient };
}

/** Entries whose names have one length and first letter, so that nearly every name needs no comparison. */
interface Candidate {
  readonly name: string;
  readonly entry: FieldEntry;
  /** Null where the name may be spelled with `_`, as it is another one then. */
  readonly disguise: FieldEntry | null;
}

const longest = Math.max(...registry.map(({ name }) => name.length));
const none: readonly Candidate[] = [];
const buckets: (readonly Candidate[])[] = new Array((longest + 1) << 5).fill(none);
const prefixes: Candidate[] = [];

for (const entry of registry) {
  const { name } = entry;
  const disguise = entry.describesClient ? disguiseOf(entry) : null;
  const candidate: Candidate = { name, entry, disguise };
  if (name.endsWith('-')) prefixes.push(candidate);
  else {
    const bucket = bucketOf(name);
    buckets[bucket] = [...(buckets[bucket] as readonly Candidate[]), candidate];
  }
}

/** The five low bits of a letter are the same in both cases. */
function bucketOf(name: string): number {
  return (name.length << 5) | (name.charCodeAt(0) & 0x1f);
}

/** What is known of a field by its name, in any case. Costs no allocation. */
export function fieldEntry(name: string): FieldEntry {
  if (name.length <= longest) {
    const candidates = buckets[bucketOf(name)] as readonly Candidate[];
    for (let i = 0; i < candidates.length; i++) {
      const { name: known, entry, disguise } = candidates[i] as Candidate;
      if (equalsIgnoreCase(name, known)) return entry;
      if (disguise !== null && isDisguiseOf(name, known)) return disguise;
    }
  }
  return (name.charCodeAt(0) | 0x20) === 0x78 ? entryByPrefix(name) : usual;
}

/** Of a name that begins with an X. */
function entryByPrefix(name: string): FieldEntry {
  for (let i = 0; i < prefixes.length; i++) {
    const { name: prefix, entry, disguise } = prefixes[i] as Candidate;
    if (!isDisguiseOf(name, prefix)) continue;
    return equalsIgnoreCase(name.substring(0, prefix.length), prefix) ? entry : (disguise ?? usual);
  }
  return usual;
}

/** Whether a name begins with `lower`, if `_` counts as `-`. */
function isDisguiseOf(name: string, lower: string): boolean {
  if (name.length < lower.length) return false;
  for (let i = 0; i < lower.length; i++) {
    const code = name.charCodeAt(i);
    const expected = lower.charCodeAt(i);
    if (code === expected || (code === 0x5f && expected === 0x2d)) continue;
    if (code < 0x41 || code > 0x5a || code + 0x20 !== expected) return false;
  }
  return true;
}

/** The names, in lower case and alphabetical order, of all entries that satisfy the query. */
export function fieldsWhere(query: (entry: FieldEntry) => boolean): readonly string[] {
  return registry
    .filter(query)
    .map(({ name }) => name)
    .sort();
}
