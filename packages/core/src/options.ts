export type { AddressList } from './addresses/address-list.ts';
export type { IpAddress } from './addresses/ip-address.ts';
export { checkCloseDelay, checkCloseTimeout } from './options/close-timeout.ts';
export type { Fault } from './options/faults.ts';
export { Faults, faultText, keyPath, show, withoutUserinfo } from './options/faults.ts';
export { nearMiss, plainName } from './options/near-miss.ts';
export type { AddressesInput } from './options/option-address-kind.ts';
export { addresses } from './options/option-address-kind.ts';
export { group, openGroup, optionalGroup, switchGroup } from './options/option-groups.ts';
export type {
  BooleanSpec,
  ChoiceSpec,
  DurationSpec,
  OptionalCountSpec,
  RowText,
} from './options/option-kinds.ts';
export {
  boolean,
  bytes,
  choice,
  choices,
  count,
  custom,
  delay,
  milliseconds,
  optionalCount,
  string,
} from './options/option-kinds.ts';
export type {
  JsonSchema,
  NestedRows,
  Option,
  OptionInput,
  OptionTable,
  OptionText,
  OptionValues,
} from './options/option-schema.ts';
export {
  defaultValues,
  defineOptions,
  isPlainObject,
  pickOptions,
  readOptions,
  resolveOptions,
} from './options/option-schema.ts';
export type { BackendUrl, FieldsInput, FileInput, PemInput } from './options/option-wire-kinds.ts';
export {
  backendUrl,
  credentialFile,
  fieldNames,
  fields,
  pathPrefix,
  pem,
  upgradeProtocols,
} from './options/option-wire-kinds.ts';
export { checkCredentials, secureContextFault } from './options/tls-credentials.ts';
