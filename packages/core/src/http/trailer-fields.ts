/**
 * Trailers: which fields may follow the body, and how they are announced (RFC 9110 §6.5, §6.6.2, §10.1.4).
 */
import { isToken, toLowerAscii, trimOws } from './ascii.ts';
import { readTokenList } from './field-list.ts';
import { fieldEntry } from './field-registry.ts';
import type { FieldSection, ReadonlyFieldSection } from './field-section.ts';
import { foldName } from './fold-name.ts';

/**
 * Whether a field may be forwarded after the body (RFC 9110 §6.5.1). `_` counts as `-`: gateways take it so.
 */
export function isForwardableTrailer(name: string): boolean {
  return isToken(name) && fieldEntry(foldName(name)).trailerAllowed;
}

/** The fields of a trailer section that may be passed on. */
export function forwardableTrailers(trailers: ReadonlyFieldSection): FieldSection {
  const kept: FieldSection = [];
  for (let i = 0; i < trailers.length; i += 2) {
    const name = trailers[i] as string;
    if (isForwardableTrailer(name)) kept.push(name, trailers[i + 1] as string);
  }
  return kept;
}

/**
 * What a Trailer field (RFC 9110 §6.6.2) announces of that: the value as it is, where all may be passed on,
 * or ''.
 */
export function forwardableTrailerNames(value: string): string {
  const names: string[] = [];
  if (!readTokenList(value, names)) return '';
  const kept = names.filter(isForwardableTrailer);
  return kept.length === names.length ? value : kept.join(', ');
}

/** Whether a TE field says that trailers are welcome (RFC 9110 §10.1.4). */
export function acceptsTrailers(value: string): boolean {
  // What nearly all of them are.
  if (value === 'trailers') return true;
  return value.split(',').some((member) => toLowerAscii(trimOws(member)) === 'trailers');
}
