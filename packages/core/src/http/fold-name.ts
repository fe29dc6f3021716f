/**
 * Names as applications behind a gateway see them: CGI and WSGI make `HTTP_X_USER` of `X-User` and of
 * `X_User` alike (RFC 3875 §4.1.18), so that one can pass for the other.
 */
import { toLowerAscii } from './ascii.ts';
import type { FieldSection } from './field-section.ts';

/** The name in lower case, with `-` for `_`: what is equal then cannot be distinguished there. */
export function foldName(name: string): string {
  const lower = toLowerAscii(name);
  return lower.includes('_') ? lower.replaceAll('_', '-') : lower;
}

/** Takes every field out, in place, that could pass for `name` and is spelled in another way. */
export function removeDisguised(fields: FieldSection, name: string): void {
  const lower = toLowerAscii(name);
  const folded = foldName(name);
  let kept = 0;
  for (let i = 0; i < fields.length; i += 2) {
    const fieldName = fields[i] as string;
    const isDisguised =
      fieldName.length === name.length &&
      foldName(fieldName) === folded &&
      toLowerAscii(fieldName) !== lower;
    if (isDisguised) continue;
    fields[kept] = fieldName;
    fields[kept + 1] = fields[i + 1] as string;
    kept += 2;
  }
  fields.length = kept;
}
