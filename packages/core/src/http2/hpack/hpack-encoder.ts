/**
 * Writes header blocks (RFC 7541) that use the static table only: there is no state that a peer could make grow,
 * and no field of one message can be guessed by the size of another (RFC 7541 §7.1). Values are latin1.
 */

import { fieldEntry } from '../../http/field-registry.ts';
import type { ReadonlyFieldSection } from '../../http/field-section.ts';
import { staticNameIndex, staticStatusIndex } from './static-table.ts';

/** A field that no proxy after us may put into a table (RFC 7541 §7.1.3). */
const neverIndexed = 0x10;
/** The most bytes that an integer of a length takes. */
const integerBytes = 5;

/** Shared by all: a block is copied out of it before the next one begins. */
let scratch = Buffer.allocUnsafeSlow(16_384);
let at = 0;

/** What a request says before its fields (RFC 9113 §8.3.1). */
export interface RequestPseudoFields {
  readonly method: string;
  readonly scheme: 'http' | 'https';
  readonly authority: string;
  readonly path: string;
}

const methodIndexes: ReadonlyMap<string, number> = new Map([
  ['GET', 2],
  ['POST', 3],
]);
const schemeIndexes = { http: 6, https: 7 } as const;

export class HpackEncoder {
  /** The peer has to be told that the dynamic table is empty, before its limit for it applies (RFC 7541 §4.2). */
  #tellsTableSize = true;

  /** The peer has changed the size of the table that it keeps for us. */
  onTableSize(): void {
    this.#tellsTableSize = true;
  }

  /** A header section with a status, or a trailer section where that is 0. Valid until the next call. */
  encode(status: number, fields: ReadonlyFieldSection): Buffer {
    this.#begin();
    if (status !== 0) writeStatus(status);
    return end(fields);
  }

  /** The header section of a request. Valid until the next call. */
  encodeRequest(request: RequestPseudoFields, fields: ReadonlyFieldSection): Buffer {
    const { method, scheme, authority, path } = request;
    this.#begin();
    const index = methodIndexes.get(method);
    if (index !== undefined) scratch[at++] = 0x80 | index;
    else writePseudoField(':method', method);
    scratch[at++] = 0x80 | schemeIndexes[scheme];
    writePseudoField(':authority', authority);
    writePseudoField(':path', path);
    return end(fields);
  }

  #begin(): void {
    at = 0;
    if (!this.#tellsTableSize) return;
    this.#tellsTableSize = false;
    scratch[at++] = 0x20;
  }
}

function end(fields: ReadonlyFieldSection): Buffer {
  for (let i = 0; i < fields.length; i += 2) {
    writeField(fields[i] as string, fields[i + 1] as string);
  }
  return scratch.subarray(0, at);
}

function writePseudoField(name: string, value: string): void {
  reserve(value.length + 2 * integerBytes);
  scratch[at++] = staticNameIndex(name);
  writeText(value);
}

function writeStatus(status: number): void {
  const index = staticStatusIndex(status);
  if (index !== 0) scratch[at++] = 0x80 | index;
  else {
    scratch[at++] = staticNameIndex(':status');
    writeText(String(status));
  }
}

/** Leaves out what belongs to a connection of HTTP/1.1 (RFC 9113 §8.2.2). */
function writeField(field: string, value: string): void {
  const entry = fieldEntry(field);
  if (entry.forbiddenInHttp2) return;
  reserve(field.length + value.length + 3 * integerBytes);
  const index = staticNameIndex(field);
  const kind = entry.separator === null || entry.auth !== null ? neverIndexed : 0;
  if (index === 0) {
    scratch[at++] = kind;
    writeName(field);
  } else writeInteger(kind, 0x0f, index);
  writeText(value);
}

/** In lower case (RFC 9113 §8.2.1). */
function writeName(name: string): void {
  const { length } = name;
  writeInteger(0, 0x7f, length);
  for (let i = 0; i < length; i++) {
    const code = name.charCodeAt(i);
    scratch[at++] = code >= 0x41 && code <= 0x5a ? code + 0x20 : code;
  }
}

function writeText(text: string): void {
  const { length } = text;
  writeInteger(0, 0x7f, length);
  if (length > 24) at += scratch.write(text, at, 'latin1');
  // A call into native code costs more than this loop.
  else for (let i = 0; i < length; i++) scratch[at++] = text.charCodeAt(i);
}

function writeInteger(kind: number, mask: number, value: number): void {
  if (value < mask) {
    scratch[at++] = kind | value;
    return;
  }
  scratch[at++] = kind | mask;
  let rest = value - mask;
  for (; rest >= 0x80; rest >>>= 7) scratch[at++] = (rest & 0x7f) | 0x80;
  scratch[at++] = rest;
}

function reserve(bytes: number): void {
  if (at + bytes <= scratch.length) return;
  const larger = Buffer.allocUnsafeSlow(Math.max(scratch.length * 2, at + bytes));
  scratch.copy(larger, 0, 0, at);
  scratch = larger;
}
