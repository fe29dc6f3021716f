/** Options that hold what later stands on the wire: URLs, paths, fields, keys and certificates. */
import { isFieldValue, isToken, trimOws } from '../http/ascii.ts';
import { hasField } from '../http/field-section.ts';
import { isProtocol } from '../http/upgrade-field.ts';
import { type Faults, keyPath, show } from './faults.ts';
import { custom, listText, type RowText, reader } from './option-kinds.ts';
import { isPlainObject, type JsonSchema, type Option } from './option-schema.ts';

const segmentText = String.raw`/(?:[\w\-.~!$&'()*+,;=:@]|%[\dA-Fa-f]{2})+`;
const pathText = new RegExp(`^(?:${segmentText})*/?$`);
const dotSegment = /^(?:\.|%2[Ee]){1,2}(?:;.*)?$/;
const encodedSeparator = /%(?:2[Ff]|5[Cc])/;

/**
 * A path without its last slash, empty for `/`, or undefined where it could be read in two ways: dot
 * segments, empty segments, encoded separators, and characters that RFC 3986 §3.3 has no room for.
 */
const plainPath = (path: string): string | undefined => {
  if (!pathText.test(path) || encodedSeparator.test(path)) return undefined;
  if (path.split('/').some((segment) => dotSegment.test(segment))) return undefined;
  return path.endsWith('/') ? path.slice(0, -1) : path;
};

/** A path prefix as it stands in targets, percent-encoded; `/api/` is the same as `/api`. */
export function pathPrefix<const Default extends string | null>(
  spec: RowText & { readonly default: Default },
): Option<string | Extract<Default, null>, string | Extract<Default, null>> {
  type Value = string | Extract<Default, null>;
  return custom<Value, Value>({
    ...spec,
    // A default that is not null is a string, which the conditional type hides.
    default: spec.default as Value,
    kind: 'path prefix',
    accepts:
      'a path such as "/api": percent-encoded, starting with "/", without empty or dot segments or a query',
    text: { placeholder: 'PATH' },
    json: { type: 'string', pattern: '^/' },
    check: (value) => {
      if (typeof value !== 'string' || !value.startsWith('/')) return undefined;
      const path = plainPath(value);
      return path === '' ? '/' : path;
    },
  });
}

/** `scheme://authority/path`, without userinfo, query and fragment. */
const urlText = /^([A-Za-z]+):\/\/([^/?#@\\]+)(\/[^?#]*)?$/;

/** The URL of a backend, taken apart once. */
export interface BackendUrl {
  /** In one spelling: scheme and host in lower case, no default port, no slash at the end. */
  readonly href: string;
  readonly secure: boolean;
  /** Host, and port where it is not the default: as Host has it. */
  readonly authority: string;
  /** Name or address; an IPv6 address without its brackets. */
  readonly host: string;
  readonly port: number;
  /** Before the path of each request: `/base`, or empty. */
  readonly pathPrefix: string;
}

/** The URL of a backend. */
export function backendUrl(
  spec: RowText & { readonly schemes: readonly string[] },
): Option<string | URL | null, BackendUrl | null> {
  const { schemes, ...row } = spec;
  return custom<string | URL | null, BackendUrl | null>({
    ...row,
    kind: 'url',
    default: null,
    defaultText: 'required',
    accepts: `a URL with ${schemes.join(', ')}, a host in ASCII, optionally a port and a path prefix, without user, query or fragment`,
    text: { placeholder: 'URL' },
    json: { type: 'string', pattern: '^[A-Za-z]+://' },
    check: (value) => {
      const text = value instanceof URL ? value.href : value;
      if (typeof text !== 'string' || !/^[!-~]+$/.test(text)) return undefined;
      const [, scheme = '', authority = '', path = ''] = urlText.exec(text) ?? [];
      if (!schemes.includes(`${scheme.toLowerCase()}:`) || authority.endsWith(':'))
        return undefined;
      const prefix = plainPath(path);
      const url = URL.parse(text);
      return prefix === undefined || url === null || url.port === '0'
        ? undefined
        : backendOf(url, prefix);
    },
  });
}

function backendOf({ protocol, host, hostname, port }: URL, pathPrefix: string): BackendUrl {
  const secure = protocol === 'https:' || protocol === 'wss:';
  return Object.freeze({
    href: `${protocol}//${host}${pathPrefix}`,
    secure,
    authority: host,
    host: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname,
    port: port === '' ? (secure ? 443 : 80) : Number(port),
    pathPrefix,
  });
}

const isName = (value: unknown): value is string => typeof value === 'string' && isToken(value);

/** As it may be sent (RFC 9110 §5.5): with white space at its ends it would come out as another value. */
const isValue = (value: unknown): value is string =>
  typeof value === 'string' && isFieldValue(value) && trimOws(value) === value;

interface FieldsSpec extends RowText {
  /** Names that the configuration must not touch, in lower case. */
  readonly never: readonly string[];
}

interface LinesSpec extends FieldsSpec {
  /** Names that may stand in one line only, in lower case. */
  readonly once: readonly string[];
}

/** Fields to write down: an object, or pairs where a name repeats. */
export type FieldsInput =
  | Readonly<Record<string, string | readonly string[]>>
  | readonly (readonly [name: string, value: string])[];

/** Fields. The resolved value is a flat list: name, value, name, value, … */
export function fields(spec: LinesSpec): Option<FieldsInput | null, readonly string[]> {
  const accepts = 'an object {name: value} or an array of [name, value] pairs';
  const none: readonly string[] = Object.freeze([]);
  return reader<FieldsInput | null, readonly string[]>({
    ...spec,
    kind: 'fields',
    default: none,
    defaultText: 'none',
    accepts,
    text: {
      placeholder: 'NAME: VALUE',
      repeats: true,
      accepts: '"NAME: VALUE"',
      parse: (text) => (text.includes(':') ? [splitField(text)] : undefined),
    },
    json: fieldsSchema,
    read(value, key, faults) {
      if (value === null) return none;
      const entries = fieldEntries(value, key);
      if (entries === undefined) faults.refuse(key, value, accepts, true);
      const list: string[] = [];
      for (const entry of entries ?? []) addField(list, entry, spec, faults);
      return Object.freeze(list);
    },
  });
}

const textSchema = { type: 'string' };

const fieldsSchema: JsonSchema = {
  anyOf: [
    {
      type: 'object',
      additionalProperties: { anyOf: [textSchema, { type: 'array', items: textSchema }] },
    },
    {
      type: 'array',
      items: { type: 'array', items: textSchema, minItems: 2, maxItems: 2 },
    },
  ],
};

interface FieldEntry {
  readonly at: string;
  readonly pair: unknown;
}

const fieldEntries = (value: unknown, key: string): readonly FieldEntry[] | undefined => {
  if (Array.isArray(value)) {
    return value.map((pair: unknown, index) => ({ at: `${key}[${index}]`, pair }));
  }
  if (!isPlainObject(value)) return undefined;
  return Object.entries(value).flatMap(([name, content]) => {
    const contents: readonly unknown[] = Array.isArray(content) ? content : [content];
    return contents.map((one) => ({ at: keyPath(key, name), pair: [name, one] }));
  });
};

/** Adds a field to the list, or reports what is wrong with it. */
function addField(
  list: string[],
  { at, pair }: FieldEntry,
  { never, once }: LinesSpec,
  faults: Faults,
): void {
  if (!isPair(pair)) {
    faults.refuse(at, pair, 'a [name, value] pair', true);
    return;
  }
  const [name, value] = pair;
  if (!isName(name)) {
    faults.refuse(at, name, 'a header name (RFC 9110 §5.1)');
    return;
  }
  const lower = name.toLowerCase();
  if (never.includes(lower)) {
    faults.add(at, `${show(name)} is managed by the proxy and cannot be set`);
  } else if (once.includes(lower) && hasField(list, lower)) {
    faults.add(at, `${show(name)} is listed twice`);
  } else if (isValue(value)) list.push(name, value);
  else faults.refuse(at, value, 'a header value (RFC 9110 §5.5)', true);
}

const isPair = (value: unknown): value is readonly [unknown, unknown] =>
  Array.isArray(value) && value.length === 2;

/** `name: value` as on the command line. */
const splitField = (text: string): unknown => {
  const colon = text.indexOf(':');
  return [text.slice(0, colon), text.slice(colon + 1).trim()];
};

/** Field names. The resolved list is in lower case, each name once. */
export function fieldNames(spec: FieldsSpec): Option<readonly string[] | null, readonly string[]> {
  const { never, ...row } = spec;
  const none = Object.freeze([]);
  return custom<readonly string[] | null, readonly string[]>({
    ...row,
    kind: 'field names',
    default: none,
    defaultText: 'none',
    accepts: `an array of header names other than ${never.join(', ')}`,
    text: {
      placeholder: 'NAME',
      repeats: true,
      accepts: `a header name other than ${never.join(', ')}`,
      parse: (text) => [text],
    },
    json: { type: 'array', items: textSchema },
    check: (value) => {
      if (value === null) return none;
      if (!Array.isArray(value) || !value.every(isName)) return undefined;
      const names = new Set(value.map((name) => name.toLowerCase()));
      return never.some((name) => names.has(name)) ? undefined : Object.freeze([...names]);
    },
  });
}

/** Protocols as Upgrade names them (RFC 9110 §7.8). The resolved list is in lower case, each one once. */
export function upgradeProtocols(
  spec: RowText & { readonly default: readonly string[] },
): Option<readonly string[], readonly string[]> {
  return custom<readonly string[], readonly string[]>({
    ...spec,
    kind: 'protocols',
    default: Object.freeze([...spec.default]),
    accepts:
      'an array of protocols as in the Upgrade header, such as "websocket", "tcp" or "SPDY/3.1"',
    text: listText('NAME,…', 'a protocol such as tcp or SPDY/3.1, or several separated by commas'),
    json: { type: 'array', items: textSchema },
    check: (value) =>
      Array.isArray(value) && value.every(isUpgradeProtocol)
        ? Object.freeze([...new Set(value.map((one) => one.toLowerCase()))])
        : undefined,
  });
}

/** `websocket/…` is nothing that anybody speaks; RFC 6455 has no version there. */
const isUpgradeProtocol = (value: unknown): value is string =>
  typeof value === 'string' && isProtocol(value) && !/^websocket\//i.test(value);

/** Keys or certificates as `node:tls` takes them. */
export type PemInput = string | Buffer | (string | Buffer)[];

/** A key or certificates; on the command line the name of a file that holds them. */
export function pem(spec: RowText): Option<PemInput | null, PemInput | null> {
  const isPem = (value: unknown): value is string | Buffer =>
    (typeof value === 'string' || value instanceof Uint8Array) && value.length > 0;
  return custom<PemInput | null, PemInput | null>({
    ...spec,
    kind: 'pem',
    default: null,
    accepts: 'PEM text, a Buffer, or an array of these',
    secret: true,
    text: { placeholder: 'FILE', file: true, accepts: 'the name of a PEM file' },
    json: { anyOf: [textSchema, { type: 'array', items: textSchema, minItems: 1 }] },
    check: (value) => {
      if (isPem(value)) return value;
      return Array.isArray(value) && value.length > 0 && value.every(isPem)
        ? [...value]
        : undefined;
    },
  });
}

/** Files by their names, to be read at start. */
export type FileInput = string | readonly string[];

/**
 * The file, or several, that another row of the table is read from: `keyFile` stands for `key`. Flags need
 * none of it, since those of keys and certificates name files.
 */
export function credentialFile(spec: RowText): Option<FileInput | null, FileInput | null> {
  const isFileName = (value: unknown): value is string =>
    typeof value === 'string' && value !== '' && !value.includes('\0');
  return custom<FileInput | null, FileInput | null>({
    ...spec,
    kind: credentialFileKind,
    default: null,
    accepts: 'a file name, or an array of file names',
    text: null,
    json: { anyOf: [textSchema, { type: 'array', items: textSchema, minItems: 1 }] },
    check: (value) => {
      if (isFileName(value)) return value;
      return Array.isArray(value) && value.length > 0 && value.every(isFileName)
        ? Object.freeze([...value])
        : undefined;
    },
  });
}

/** The kind of rows that name files. */
export const credentialFileKind = 'file';
