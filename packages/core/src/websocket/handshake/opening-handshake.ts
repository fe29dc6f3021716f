/**
 * The opening handshake (RFC 6455 §4) for both roles, as functions over field sections. A proxy plays
 * both: it checks the client's request as a server, makes a request of its own as a client, checks the
 * backend's answer against that, and only then answers the client. Keys are never passed on: each side
 * proves that it understood the peer it talks to.
 *
 * What a peer sent never throws. A check answers with what it read, or with the error.
 */
import { createHash } from 'node:crypto';
import { createError, type ReverseItError } from '../../errors/reverseit-error.ts';
import { equalsIgnoreCase, trimOws } from '../../http/ascii.ts';
import { readTokenList } from '../../http/field-list.ts';
import { fieldEntry } from '../../http/field-registry.ts';
import {
  type FieldSection,
  getFieldValues,
  type ReadonlyFieldSection,
} from '../../http/field-section.ts';
import { readUpgrade } from '../../http/upgrade-field.ts';
import { type Extension, readExtensions } from './extensions.ts';
import { readChosenSubprotocol, readSubprotocols } from './subprotocol.ts';

const version = '13';
const acceptSuffix = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Bytes of a key before base64 (RFC 6455 §4.1). */
export const keyBytes = 16;

/** So many bytes in base64: 22 characters and the padding. */
const keyText = /^[A-Za-z\d+/]{22}==$/;

/**
 * What makes a request or an answer switch protocols; transports that write it themselves take only the rest.
 */
export const upgradeFields: ReadonlyFieldSection = [
  'Upgrade',
  'websocket',
  'Connection',
  'Upgrade',
];

/** The parts of a request head that the handshake is read from. */
export interface HandshakeRequest {
  readonly method: string;
  readonly minorVersion: number;
  readonly fields: ReadonlyFieldSection;
}

/** What a client's request asked for. */
export interface ClientHandshake {
  /** Its key, as received. */
  readonly key: string;
  /** Offered subprotocols, in order of preference. */
  readonly subprotocols: readonly string[];
  /** Offered extensions, in order of preference. */
  readonly extensions: readonly Extension[];
}

/** What our own request to a backend offers. */
export interface HandshakeOffer {
  readonly key: string;
  readonly subprotocols: readonly string[];
  /** Value of Sec-WebSocket-Extensions, or null where none is offered. */
  readonly extensions: string | null;
}

/** What a backend's 101 chose. */
export interface BackendHandshake {
  readonly subprotocol: string | null;
  /** Chosen extensions; empty unless some were offered. Their parameters are the extension's to check. */
  readonly extensions: readonly Extension[];
}

/** What our 101 to a client says. */
export interface HandshakeAnswer {
  /** The client's key. */
  readonly key: string;
  readonly subprotocol: string | null;
  /** Value of Sec-WebSocket-Extensions, or null where none was agreed on. */
  readonly extensions: string | null;
}

/** Sec-WebSocket-Accept for a key (RFC 6455 §4.2.2). */
export function acceptKey(key: string): string {
  return createHash('sha1').update(`${key}${acceptSuffix}`).digest('base64');
}

/** A key made of the 16 random bytes that are handed in. */
export function makeKey(random: Uint8Array): string {
  if (random.length !== keyBytes)
    throw createError('RIT_ERR_INTERNAL', 'a key needs 16 random bytes');
  return Buffer.from(random).toString('base64');
}

/**
 * Whether a request wants to switch to WebSocket: Upgrade names it and Connection names Upgrade, in any
 * case and place. False is an ordinary request (HTTP/1.0 cannot switch, RFC 9110 §7.8).
 */
export function asksForWebSocket(request: HandshakeRequest): boolean {
  return (
    request.minorVersion === 1 &&
    offersWebSocket(request.fields) &&
    readConnection(request.fields)?.includes('upgrade') === true
  );
}

/**
 * Checks a client's request as its server (RFC 6455 §4.2.1). `RIT_ERR_WS_HANDSHAKE`, or
 * `RIT_ERR_WS_VERSION`, to be answered with the version that is known (RFC 6455 §4.4).
 */
export function checkClientRequest(request: HandshakeRequest): ClientHandshake | ReverseItError {
  const { fields } = request;
  if (request.method !== 'GET') return malformed('the method is not GET');
  if (request.minorVersion !== 1) return malformed('the HTTP version is not 1.1');
  if (!offersWebSocket(fields)) return malformed('Upgrade lacks websocket');
  if (!readConnection(fields)?.includes('upgrade')) return malformed('Connection lacks upgrade');
  if (hasBody(fields)) return malformed('the request has a body');
  const versions = getFieldValues(fields, 'sec-websocket-version');
  if (versions.length > 1) return malformed('repeated Sec-WebSocket-Version');
  if (trimOws(versions[0] ?? '') !== version) return createError('RIT_ERR_WS_VERSION');
  const key = single(fields, 'sec-websocket-key');
  if (key === null || !keyText.test(key)) {
    return malformed('missing, repeated or malformed Sec-WebSocket-Key');
  }
  const subprotocols = readSubprotocols(getFieldValues(fields, 'sec-websocket-protocol'));
  if (subprotocols === null)
    return malformed('Sec-WebSocket-Protocol is malformed, or too long a list');
  // What a quoted value may hold is for the extension to check: those that we do not know are ignored.
  const extensions = readExtensions(getFieldValues(fields, 'sec-websocket-extensions'), 'any');
  if (extensions === null)
    return malformed('Sec-WebSocket-Extensions is malformed, or too long a list');
  return { key, subprotocols, extensions };
}

/**
 * The fields of our request to a backend: the end-to-end fields without any handshake field, then our
 * own. `upgradeFields` are not among them.
 */
export function backendRequestFields(
  endToEnd: ReadonlyFieldSection,
  offer: HandshakeOffer,
): FieldSection {
  const fields = withoutHandshakeFields(endToEnd);
  fields.push('Sec-WebSocket-Version', version, 'Sec-WebSocket-Key', offer.key);
  if (offer.subprotocols.length > 0) {
    fields.push('Sec-WebSocket-Protocol', offer.subprotocols.join(', '));
  }
  if (offer.extensions !== null) fields.push('Sec-WebSocket-Extensions', offer.extensions);
  return fields;
}

/**
 * Checks the fields of a backend's 101 as its client (RFC 6455 §4.1). `RIT_ERR_WS_ACCEPT`,
 * `RIT_ERR_WS_SUBPROTOCOL` or `RIT_ERR_WS_EXTENSION`. That a status of 101 came is the caller's to know.
 */
export function checkBackendResponse(
  fields: ReadonlyFieldSection,
  offer: HandshakeOffer,
): BackendHandshake | ReverseItError {
  const upgrade = readUpgrade(fields);
  if (upgrade?.length !== 1 || !equalsIgnoreCase(upgrade[0] as string, 'websocket')) {
    return createError('RIT_ERR_WS_ACCEPT', 'backend upgraded to something other than websocket');
  }
  if (!readConnection(fields)?.includes('upgrade')) {
    return createError('RIT_ERR_WS_ACCEPT', 'the Connection header of the backend lacks upgrade');
  }
  if (single(fields, 'sec-websocket-accept') !== acceptKey(offer.key)) {
    return createError('RIT_ERR_WS_ACCEPT', 'missing, repeated or wrong Sec-WebSocket-Accept');
  }
  const extensions = readExtensions(getFieldValues(fields, 'sec-websocket-extensions'));
  if (extensions === null || !areOffered(extensions, offer.extensions)) {
    return createError('RIT_ERR_WS_EXTENSION');
  }
  const subprotocol = readChosenSubprotocol(
    getFieldValues(fields, 'sec-websocket-protocol'),
    offer.subprotocols,
  );
  if (subprotocol === undefined) return createError('RIT_ERR_WS_SUBPROTOCOL');
  return { subprotocol, extensions };
}

/**
 * The fields of our 101 to a client (RFC 6455 §4.2.2): Upgrade, Connection and the handshake's own, then
 * the backend's end-to-end fields without any handshake field and without framing, which a 101 has none of.
 */
export function clientResponseFields(
  endToEnd: ReadonlyFieldSection,
  answer: HandshakeAnswer,
): FieldSection {
  const fields = [...upgradeFields, 'Sec-WebSocket-Accept', acceptKey(answer.key)];
  if (answer.subprotocol !== null) fields.push('Sec-WebSocket-Protocol', answer.subprotocol);
  if (answer.extensions !== null) fields.push('Sec-WebSocket-Extensions', answer.extensions);
  for (const text of withoutHandshakeFields(endToEnd)) fields.push(text);
  return fields;
}

/** Without what one hop's handshake and framing consist of; Sec-WebSocket-Version also stands in a 426. */
function withoutHandshakeFields(fields: ReadonlyFieldSection): FieldSection {
  const kept: FieldSection = [];
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    const entry = fieldEntry(name);
    if (entry.handshake || entry.setByServer) continue;
    kept.push(name, fields[i + 1] as string);
  }
  return kept;
}

/** Whether every chosen extension was offered, and none chosen twice. */
function areOffered(chosen: readonly Extension[], offer: string | null): boolean {
  const offered = readExtensions(offer === null ? [] : [offer]) ?? [];
  return chosen.every(
    ({ name }, i) =>
      offered.some((extension) => extension.name === name) &&
      chosen.findIndex((extension) => extension.name === name) === i,
  );
}

/** Whether Upgrade offers RFC 6455. `websocket/…` names something else. */
function offersWebSocket(fields: ReadonlyFieldSection): boolean {
  return readUpgrade(fields)?.some((protocol) => equalsIgnoreCase(protocol, 'websocket')) === true;
}

function readConnection(fields: ReadonlyFieldSection): string[] | null {
  const names: string[] = [];
  for (const value of getFieldValues(fields, 'connection')) {
    if (!readTokenList(value, names)) return null;
  }
  return names;
}

/** A handshake has no body; bytes that follow it are frames and must not be anything else to anybody. */
function hasBody(fields: ReadonlyFieldSection): boolean {
  return (
    getFieldValues(fields, 'transfer-encoding').length > 0 ||
    getFieldValues(fields, 'content-length').some((value) => trimOws(value) !== '0')
  );
}

/** The value of a field that stands there exactly once; null otherwise. */
function single(fields: ReadonlyFieldSection, name: string): string | null {
  const [first, second] = getFieldValues(fields, name);
  return first === undefined || second !== undefined ? null : trimOws(first);
}

function malformed(what: string): ReverseItError {
  return createError('RIT_ERR_WS_HANDSHAKE', `malformed WebSocket handshake: ${what}`);
}
