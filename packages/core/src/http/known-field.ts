/**
 * Tells the fields that a proxy treats specially from all others. The length of a name decides for
 * nearly every field without a look at its letters, so asking costs next to nothing.
 */
import { equalsIgnoreCase } from './ascii.ts';
import { foldName } from './fold-name.ts';

/** Fields that a proxy treats specially; everything else is OTHER. */
export const FIELD = {
  OTHER: 0,
  HOST: 1,
  CONTENT_LENGTH: 2,
  TRANSFER_ENCODING: 3,
  CONNECTION: 4,
  /** Connection-specific and of no use to us, as Keep-Alive (RFC 9110 §7.6.1). */
  HOP: 5,
  UPGRADE: 6,
  EXPECT: 7,
  DATE: 8,
  VIA: 9,
  X_FORWARDED_FOR: 10,
  X_FORWARDED_HOST: 11,
  X_FORWARDED_PROTO: 12,
  AUTHORIZATION: 13,
  TE: 14,
  TRAILER: 15,
  /** Location and Content-Location: URLs that may be a backend's own (RFC 9110 §10.2.2, §8.7). */
  LOCATION: 16,
  /** One of X-Forwarded-For, -Host and -Proto, spelled with `_` for `-`: a CGI or WSGI application takes it for the real one. */
  DISGUISED: 17,
} as const;
export type Field = (typeof FIELD)[keyof typeof FIELD];

const names: readonly (readonly [string, Field])[] = [
  ['host', FIELD.HOST],
  ['content-length', FIELD.CONTENT_LENGTH],
  ['transfer-encoding', FIELD.TRANSFER_ENCODING],
  ['connection', FIELD.CONNECTION],
  ['keep-alive', FIELD.HOP],
  ['proxy-authenticate', FIELD.HOP],
  ['proxy-authorization', FIELD.HOP],
  ['proxy-connection', FIELD.HOP],
  ['te', FIELD.TE],
  ['trailer', FIELD.TRAILER],
  ['upgrade', FIELD.UPGRADE],
  ['expect', FIELD.EXPECT],
  ['date', FIELD.DATE],
  ['via', FIELD.VIA],
  ['x-forwarded-for', FIELD.X_FORWARDED_FOR],
  ['x-forwarded-host', FIELD.X_FORWARDED_HOST],
  ['x-forwarded-proto', FIELD.X_FORWARDED_PROTO],
  ['authorization', FIELD.AUTHORIZATION],
  ['location', FIELD.LOCATION],
  ['content-location', FIELD.LOCATION],
];

/** What tells a backend of its client is ours to say, in whatever spelling. */
const ours: readonly Field[] = [
  FIELD.X_FORWARDED_FOR,
  FIELD.X_FORWARDED_HOST,
  FIELD.X_FORWARDED_PROTO,
];

interface Candidate {
  readonly name: string;
  readonly field: Field;
  readonly isOurs: boolean;
}

const byLength: (readonly Candidate[])[] = [];
for (let length = 0; length < 20; length++) {
  byLength.push(
    names
      .filter(([name]) => name.length === length)
      .map(([name, field]) => ({ name, field, isOurs: ours.includes(field) })),
  );
}

/** Which of the special fields a name is. */
export function knownField(name: string): Field {
  const candidates = byLength[name.length];
  if (candidates === undefined) return FIELD.OTHER;
  for (let i = 0; i < candidates.length; i++) {
    const candidate = candidates[i] as Candidate;
    if (equalsIgnoreCase(name, candidate.name)) return candidate.field;
    if (candidate.isOurs && foldName(name) === candidate.name) return FIELD.DISGUISED;
  }
  return FIELD.OTHER;
}
