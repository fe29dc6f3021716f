/**
 * Dot segments (RFC 3986 §3.3, §5.2.4) in all the ways in which a backend may read them. A proxy that
 * passes targets on byte for byte does not know how its backend splits and decodes a path, so the
 * answer here is the worst of all readings:
 *
 * - `%2e` is a dot, in either case and mixed with plain dots (WHATWG URL);
 * - `\`, `%2f` and `%5c` may or may not separate segments;
 * - empty segments may or may not count (`a//..` is `a` or nothing);
 * - what follows a `;` may be cut off first (`..;x` is `..` to servlet containers).
 *
 * A path is decoded once, never twice.
 */
import { PathTokens, Reading, SegmentReader } from './segment-reader.ts';

const slash = 0x2f;
const backslash = 0x5c;
const dot = 0x2e;
const percent = 0x25;
const question = 0x3f;

/**
 * Whether the path of a target may hold a dot segment in any reading: a dot that stands where a segment
 * may begin. One scan, for the many targets that do not; the query is left out.
 */
export function mayHoldDotSegment(target: string): boolean {
  let begins = false;
  for (let i = 0; i < target.length; i++) {
    let code = target.charCodeAt(i);
    if (code === question) return false;
    if (code === percent) {
      code = decoded(target, i);
      if (code !== percent) i += 2;
    }
    if (code === dot && begins) return true;
    begins = code === slash || code === backslash;
  }
  return false;
}

/** The dot or separator that is percent-encoded here, else the percent sign itself. */
const decoded = (text: string, at: number): number => {
  const high = text.charCodeAt(at + 1);
  const low = text.charCodeAt(at + 2) | 0x20;
  if (high === 0x32) return low === 0x65 ? dot : low === 0x66 ? slash : percent;
  return high === 0x35 && low === 0x63 ? backslash : percent;
};

/** Where the path of a target ends and its query begins. */
export function pathEnd(target: string): number {
  const end = target.indexOf('?');
  return end === -1 ? target.length : end;
}

/**
 * Whether dot segments in `path[from, to)` would, in any reading, lead above the place where it begins,
 * be it only for a moment. `from` is where a segment ended.
 */
export function climbs(path: string, from: number, to: number): boolean {
  const tokens = new PathTokens(path, from, to);
  for (const reading of readingsOf(tokens)) {
    let depth = 0;
    const segments = new SegmentReader(tokens, reading);
    for (let kind = segments.next(); kind !== 'end'; kind = segments.next()) {
      if (kind === 'name') depth++;
      else if (kind === 'parent' && --depth < 0) return true;
    }
  }
  return false;
}

/**
 * What backends may make of a path by removing its dot segments, cut to the first `most` segments.
 * Empty where no reading sees a dot segment.
 */
export function withoutDotSegments(path: string, most: number): ReadonlySet<string> {
  const found = new Set<string>();
  const tokens = new PathTokens(path, 0, path.length);
  for (const reading of readingsOf(tokens)) {
    addResolved(found, tokens, most, reading, true);
    addResolved(found, tokens, most, reading, false);
  }
  return found;
}

function addResolved(
  found: Set<string>,
  tokens: PathTokens,
  most: number,
  reading: Reading,
  dropsEmpty: boolean,
): void {
  const kept: string[] = [];
  let depth = 0;
  let dots = false;
  const segments = new SegmentReader(tokens, reading);
  for (let kind = segments.next(); kind !== 'end'; kind = segments.next()) {
    if (kind === 'same' || kind === 'parent') dots = true;
    if (kind === 'parent') {
      depth = Math.max(0, depth - 1);
      if (depth < most) kept.length = depth;
    } else if (kind === 'name' || (kind === 'empty' && !dropsEmpty)) {
      if (depth < most) kept.push(segments.text);
      depth++;
    }
  }
  if (dots) found.add(`/${kept.join('/')}`);
}

const plain = new Reading(false, false, 'kept');
const withBackslash = new Reading(true, false, 'kept');
const decoding = [new Reading(false, true, 'kept'), new Reading(true, true, 'kept')];
const cutting = [false, true].flatMap((backslash) =>
  [false, true].flatMap((decodes) => [
    new Reading(backslash, decodes, 'cut first'),
    new Reading(backslash, decodes, 'cut last'),
  ]),
);

/** Only a path that holds their signs is read in the unusual ways. */
function readingsOf(tokens: PathTokens): readonly Reading[] {
  const readings = [plain];
  if (tokens.has('backslash')) readings.push(withBackslash);
  if (tokens.has('encodedSlash', 'encodedBackslash')) readings.push(...decoding);
  if (tokens.has('semicolon')) readings.push(...cutting);
  return readings;
}
