export {
  equalsIgnoreCase,
  isFieldValue,
  isToken,
  toLowerAscii,
  trimOws,
} from './http/ascii.ts';
export type { Authority } from './http/authority.ts';
export { isAuthority, parseAuthority, sameAuthority } from './http/authority.ts';
export { readDecimal } from './http/digits.ts';
export { readTokenList } from './http/field-list.ts';
export type { FieldSection, ReadonlyFieldSection } from './http/field-section.ts';
export {
  getField,
  getFieldValues,
  hasField,
  removeField,
  sectionSize,
  setField,
} from './http/field-section.ts';
