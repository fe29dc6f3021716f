/** The kind of options that list addresses. */
import {
  AddressList,
  type AddressRange,
  namedRanges,
  parseAddressRange,
  unixSockets,
} from '../addresses/address-list.ts';
import { type Faults, show } from './faults.ts';
import { nearMiss } from './near-miss.ts';
import { listText, type RowText, reader } from './option-kinds.ts';
import type { Option } from './option-schema.ts';

/** Addresses as options list them. */
export type AddressesInput = string | readonly string[];

const names = [...Object.keys(namedRanges), unixSockets];
const forms = `an IP address, a range such as "10.0.0.0/8", or ${names
  .map((name) => show(name))
  .join(', ')}`;

/** Addresses, ranges and names for some; none by default. */
export function addresses(spec: RowText): Option<AddressesInput | null, AddressList> {
  const none = new AddressList([], false);
  const accepts = `an array of which each entry is ${forms}`;
  return reader<AddressesInput | null, AddressList>({
    ...spec,
    kind: 'addresses',
    default: none,
    defaultText: 'none',
    accepts,
    text: listText('ADDRESS,…', `${forms}, or several separated by commas`),
    json: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
    read(value, key, faults) {
      if (value === null) return none;
      if (value instanceof AddressList) return value;
      if (typeof value === 'string') return readList([value], () => key, faults);
      if (Array.isArray(value)) return readList(value, (nth) => `${key}[${nth}]`, faults);
      faults.refuse(key, value, accepts);
      return none;
    },
  });
}

function readList(
  entries: readonly unknown[],
  keyOf: (nth: number) => string,
  faults: Faults,
): AddressList {
  const ranges: AddressRange[] = [];
  let unix = false;
  for (const [nth, entry] of entries.entries()) {
    if (entry === unixSockets) unix = true;
    else ranges.push(...readEntry(entry, keyOf(nth), faults));
  }
  return new AddressList(ranges, unix);
}

function readEntry(entry: unknown, key: string, faults: Faults): readonly AddressRange[] {
  if (typeof entry !== 'string') {
    faults.refuse(key, entry, forms);
    return [];
  }
  const named = Object.hasOwn(namedRanges, entry) ? namedRanges[entry] : undefined;
  if (named !== undefined) return named.map(parseAddressRange).filter(isRange);
  const range = parseAddressRange(entry);
  if (isRange(range)) return [range];
  if (range.kind === 'bits') {
    const bare = entry.slice(0, entry.indexOf('/'));
    faults.add(
      key,
      `${show(entry)} has bits set beyond its length; expected ${show(range.range)} or ${show(bare)}`,
    );
    return [];
  }
  const near = nearMiss(entry, names);
  if (near === null) faults.refuse(key, entry, forms);
  else faults.add(key, `${show(entry)} is not accepted; did you mean ${show(near)}?`);
  return [];
}

const isRange = (range: ReturnType<typeof parseAddressRange>): range is AddressRange =>
  'address' in range;
