/** Splits paths into segments as backends of different kinds do. */

/** What a stretch of a path can be to the one or other backend. */
const token = {
  name: 0,
  dot: 1,
  slash: 2,
  backslash: 3,
  encodedSlash: 4,
  encodedBackslash: 5,
  semicolon: 6,
};
const tokenCount = 7;

/** What a token is to one backend. */
const role = { name: 0, dot: 1, separator: 2, parameters: 3 };

/** How a backend splits a path. `/` always ends a segment, and a dot may be percent-encoded. */
export class Reading {
  readonly roles: Uint8Array;
  /** Parameters are cut off before encoded separators are seen, so these end nothing within them. */
  readonly cutsFirst: boolean;

  /**
   * @param backslash whether `\` separates segments too
   * @param decodes whether percent-encoded separators do
   * @param parameters whether what follows a `;` is kept, or cut off before or after decoding
   */
  constructor(backslash: boolean, decodes: boolean, parameters: 'kept' | 'cut first' | 'cut last') {
    const roles = new Uint8Array(tokenCount);
    roles[token.dot] = role.dot;
    roles[token.slash] = role.separator;
    if (backslash) roles[token.backslash] = role.separator;
    if (decodes) roles[token.encodedSlash] = role.separator;
    if (decodes && backslash) roles[token.encodedBackslash] = role.separator;
    if (parameters !== 'kept') roles[token.semicolon] = role.parameters;
    this.roles = roles;
    this.cutsFirst = parameters === 'cut first';
  }
}

/** A path in tokens, to be read in several ways. */
export class PathTokens {
  readonly path: string;
  readonly count: number;
  /** Of each token. */
  readonly kinds: Uint8Array;
  /** Where each token begins, and where the last one ends. */
  readonly starts: Uint32Array;

  constructor(path: string, from: number, to: number) {
    const kinds = new Uint8Array(to - from);
    const starts = new Uint32Array(to - from + 1);
    let count = 0;
    for (let at = from; at < to; ) {
      const code = path.charCodeAt(at);
      const encoded = code === 0x25 && at + 2 < to ? encodedKind(path, at) : token.name;
      const kind = encoded === token.name ? (plainKinds.get(code) ?? token.name) : encoded;
      // A run of names is one name.
      if (kind !== token.name || count === 0 || kinds[count - 1] !== token.name) {
        kinds[count] = kind;
        starts[count] = at;
        count++;
      }
      at += encoded === token.name ? 1 : 3;
    }
    starts[count] = to;
    this.path = path;
    this.count = count;
    this.kinds = kinds;
    this.starts = starts;
  }

  /** Whether any reading can differ from the plain one. */
  has(...kinds: readonly (keyof typeof token)[]): boolean {
    return kinds.some((kind) => this.kinds.subarray(0, this.count).includes(token[kind]));
  }
}

const plainKinds = new Map([
  [0x2e, token.dot],
  [0x2f, token.slash],
  [0x5c, token.backslash],
  [0x3b, token.semicolon],
]);

const encodedKind = (path: string, at: number): number => {
  const high = path.charCodeAt(at + 1);
  const low = path.charCodeAt(at + 2) | 0x20;
  if (high === 0x32 && low === 0x65) return token.dot;
  if (high === 0x32 && low === 0x66) return token.encodedSlash;
  return high === 0x35 && low === 0x63 ? token.encodedBackslash : token.name;
};

export type SegmentKind = 'name' | 'empty' | 'same' | 'parent';

/** Reads the segments of a path one by one. The path begins with a separator. */
export class SegmentReader {
  readonly #tokens: PathTokens;
  readonly #reading: Reading;
  #first = 0;
  #next = 0;

  constructor(tokens: PathTokens, reading: Reading) {
    this.#tokens = tokens;
    this.#reading = reading;
  }

  /** The segment that was read last, as it stands in the path. */
  get text(): string {
    const { path, starts } = this.#tokens;
    return path.slice(starts[this.#first], starts[this.#next]);
  }

  /** Reads on over one separator and the segment after it. */
  next(): SegmentKind | 'end' {
    const { kinds, count } = this.#tokens;
    const { roles, cutsFirst } = this.#reading;
    if (this.#next === count) return 'end';
    let at = this.#next + 1;
    this.#first = at;
    let dots = 0;
    let named = false;
    let cut = false;
    for (; at < count; at++) {
      const kind = kinds[at] ?? token.name;
      const part = roles[kind];
      if (part === role.separator) {
        if (kind === token.slash || !(cut && cutsFirst)) break;
      } else if (!cut) {
        if (part === role.dot) dots++;
        else if (part === role.parameters) cut = true;
        else named = true;
      }
    }
    this.#next = at;
    if (named || dots > 2) return 'name';
    if (dots === 0) return 'empty';
    return dots === 1 ? 'same' : 'parent';
  }
}
