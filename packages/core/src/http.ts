export {
  equalsIgnoreCase,
  isFieldValue,
  isToken,
  toLowerAscii,
  trimOws,
} from './http/ascii.ts';
export type { Authority } from './http/authority.ts';
export { isAuthority, parseAuthority, sameAuthority } from './http/authority.ts';
export { authenticatesConnection } from './http/connection-auth.ts';
export { isNamedByConnection } from './http/connection-fields.ts';
export { readDecimal } from './http/digits.ts';
export { readTokenList, splitOutsideQuotes } from './http/field-list.ts';
export type { Field, FieldEntry } from './http/field-registry.ts';
export { FIELD, fieldEntry, fieldsWhere, KIND } from './http/field-registry.ts';
export type { FieldSection, ReadonlyFieldSection } from './http/field-section.ts';
export {
  fieldLines,
  getField,
  getFieldValues,
  hasField,
  removeField,
  sectionSize,
  setField,
} from './http/field-section.ts';
export { foldName } from './http/fold-name.ts';
export type { FieldRule } from './http/header-section.ts';
export { HeaderSection } from './http/header-section.ts';
export { decrementMaxForwards, isLastHop, usesMaxForwards } from './http/max-forwards.ts';
export { isBodiless, reasonPhrase } from './http/status.ts';
export {
  acceptsTrailers,
  forwardableTrailerNames,
  forwardableTrailers,
  isForwardableTrailer,
} from './http/trailer-fields.ts';
export { isProtocol, readUpgrade } from './http/upgrade-field.ts';
export { viaEntry, viaNames } from './http/via.ts';
