/**
 * The fields of a response beside those that the application has set before. A field of ours replaces the
 * application's, but for two that are lists which both have a say in: cookies, and what a cache must tell
 * requests apart by (RFC 6265 §3, RFC 9110 §12.5.5).
 */
import {
  equalsIgnoreCase,
  type FieldSection,
  getField,
  getFieldValues,
  hasField,
  type ReadonlyFieldSection,
  removeField,
  setField,
  toLowerAscii,
} from '@reverseit/core/http';
import { linesOf } from './field-lines.ts';

/** What is asked of Node's response, of any version of HTTP. */
export interface FieldOwner {
  hasHeader(name: string): boolean;
  getHeader(name: string): number | string | string[] | undefined;
}

/** Adds the application's own members of `Set-Cookie` and `Vary`, in place. */
export function joinLists(fields: FieldSection, response: FieldOwner): void {
  if (response.hasHeader('vary')) {
    const own = linesOf(response.getHeader('vary'));
    setField(fields, 'Vary', joinVary(own, getFieldValues(fields, 'vary')));
  }
  // Without one of ours, Node keeps the application's.
  if (!hasField(fields, 'set-cookie') || !response.hasHeader('set-cookie')) return;
  const own = linesOf(response.getHeader('set-cookie'));
  fields.unshift(...own.flatMap((cookie) => ['Set-Cookie', cookie]));
}

/** The members of both, each once. */
function joinVary(...lines: readonly (readonly string[])[]): string {
  const members: string[] = [];
  for (const member of lines.flat().join(',').split(',')) {
    const name = member.trim();
    if (name !== '' && !members.some((known) => equalsIgnoreCase(name, toLowerAscii(known)))) {
      members.push(name);
    }
  }
  return members.join(', ');
}

/**
 * Node reads a Content-Disposition that stands after a length as UTF-8, and writes what it has read as
 * latin1. Where that changes bytes, the length goes last, in place.
 */
export function keepDisposition(fields: FieldSection): void {
  const value = getField(fields, 'content-disposition');
  if (value === undefined || !/[\x80-\xff]/.test(value)) return;
  const length = getField(fields, 'content-length');
  if (length === undefined) return;
  removeField(fields, 'content-length');
  fields.push('content-length', length);
}

/**
 * Whether each chunk is to be sent at once: a stream of events (HTML §9.2), and what asks for it as nginx has
 * it.
 */
export function isEventStream(fields: ReadonlyFieldSection): boolean {
  const type = getField(fields, 'content-type');
  if (type !== undefined && /^text\/event-stream\s*(?:;|$)/i.test(type)) return true;
  return getField(fields, 'x-accel-buffering')?.toLowerCase() === 'no';
}
