/** The options of discovery: where the addresses of backends come from. */

import { isIP } from 'node:net';
import { listText } from '@reverseit/core/internal';
import {
  choice,
  custom,
  defaultValues,
  defineOptions,
  delay,
  type Faults,
  keyPath,
  type Option,
  type OptionInput,
  type OptionValues,
  optionalGroup,
  string,
} from '@reverseit/core/options';
import type { BackendInput, BackendSpec } from './backend-list.ts';

const group = 'Backends';

/**
 * Returns the backends there are now, as `backend` lists them, and is called again after `interval`; or, as an
 * async generator, yields them whenever they change. It must heed the signal, which is aborted when the list, or
 * the first one, takes longer than `timeout`, or none is needed any more. What it throws, and an invalid or empty
 * list, changes nothing.
 */
export type ListBackends = (
  signal: AbortSignal,
) =>
  | PromiseLike<BackendInput | readonly BackendInput[]>
  | AsyncIterable<BackendInput | readonly BackendInput[]>;

const serverText = /^(?:\[([\da-fA-F:.]+)\]|([\d.]+))(?::(\d{1,5}))?$/;

function isServer(value: unknown): value is string {
  if (typeof value !== 'string') return false;
  if (isIP(value) !== 0) return true;
  const [, ipv6, ipv4 = '', port = '53'] = serverText.exec(value) ?? [];
  return (
    isIP(ipv6 ?? ipv4) === (ipv6 === undefined ? 4 : 6) && Number(port) > 0 && Number(port) < 65_536
  );
}

const discoveryOptions = defineOptions({
  /**
   * "dns": each address of the backend’s host is a backend of its own; "srv": each target of the SRV records of name.
   * Default: "dns".
   */
  type: choice({
    group,
    prose:
      '"dns": each address of the backend’s host is a backend of its own; "srv": each target of the SRV records of name.',
    values: ['dns', 'srv'],
    default: 'dns',
  }),
  /** Name of the SRV records, such as "_http._tcp.shop.example.org". Default: none. */
  name: string({
    group,
    prose: 'Name of the SRV records, such as "_http._tcp.shop.example.org".',
    default: null,
    accepts: 'a domain name in ASCII of at most 253 characters',
    placeholder: 'NAME',
    check: (name) => name.length <= 253 && /^[\w-]+(?:\.[\w-]+)*\.?$/.test(name),
  }),
  /**
   * Function that returns the backends instead of DNS, or yields them whenever they change.
   * Default: none.
   */
  list: custom<ListBackends | null, ListBackends | null>({
    group,
    kind: 'function',
    prose:
      'Function that returns the backends instead of DNS, or yields them whenever they change.',
    default: null,
    accepts: 'a function (signal)',
    text: null,
    json: null,
    check: (value) => (typeof value === 'function' ? (value as ListBackends) : undefined),
  }),
  /**
   * Time between two look-ups, plus or minus 5 percent; "srv" looks up earlier if the TTL is shorter.
   * Default: 30000 ms.
   */
  interval: delay({
    group,
    min: 1,
    prose:
      'Time between two look-ups, plus or minus 5 percent; "srv" looks up earlier if the TTL is shorter.',
    default: 30_000,
  }),
  /** Maximum time for a look-up; what was known is kept. Default: 5000 ms. */
  timeout: delay({
    group,
    min: 1,
    prose: 'Maximum time for a look-up; what was known is kept.',
    default: 5000,
  }),
  /**
   * DNS servers to ask; by default "dns" resolves names as the machine does, hosts file included.
   * Default: those of the machine.
   */
  servers: custom<readonly string[] | null, readonly string[] | null>({
    group,
    kind: 'addresses',
    prose:
      'DNS servers to ask; by default "dns" resolves names as the machine does, hosts file included.',
    default: null,
    defaultText: 'those of the machine',
    accepts: 'an array of IP addresses, such as "10.0.0.2", "10.0.0.2:8600" or "[::1]:53"',
    text: listText('ADDRESS,…', 'IP addresses, optionally with a port, separated by commas'),
    json: { type: 'array', items: { type: 'string' }, minItems: 1 },
    check: (value) =>
      Array.isArray(value) && value.length > 0 && value.every(isServer)
        ? Object.freeze([...value])
        : undefined,
  }),
});

/** Options of discovery, checked and complete. */
export interface DiscoveryValues extends OptionValues<typeof discoveryOptions> {}

export interface DiscoveryInput extends OptionInput<typeof discoveryOptions> {}

const row = optionalGroup<typeof discoveryOptions, DiscoveryInput, DiscoveryValues>({
  group,
  prose: 'Finds the backends by DNS or by a function, and follows their changes.',
  flagPrefix: 'discovery',
  rows: discoveryOptions,
  check({ type, name, list }, key, faults) {
    if (list !== null) {
      if (name !== null) faults.add(keyPath(key, 'name'), 'not used with list');
    } else if (type === 'srv' && name === null) {
      faults.add(keyPath(key, 'name'), 'required; expected the name of SRV records');
    } else if (type === 'dns' && name !== null) {
      faults.add(
        keyPath(key, 'name'),
        'only for type "srv"; "dns" looks up the host of the backend',
      );
    }
  },
});

/** A function alone is its own `list`. */
export const discoveryOption: Option<DiscoveryInput | ListBackends | null, DiscoveryValues | null> =
  Object.freeze({
    ...row,
    accepts: `${row.accepts}, or a function (signal)`,
    read: (value: unknown, key: string, faults: Faults, base: DiscoveryValues | null) =>
      typeof value === 'function'
        ? Object.freeze({ ...defaultValues(discoveryOptions), list: value as ListBackends })
        : row.read(value, key, faults, base),
  });

/** What `discovery` cannot do with a list; null where it can. */
export function discoveryFault(
  { discovery }: { readonly discovery: DiscoveryValues | null },
  list: readonly BackendSpec[],
): string | null {
  if (discovery === null || discovery.list !== null || discovery.type === 'dns') return null;
  return list.length === 1
    ? null
    : 'discovery of type "srv" expects one backend, for its scheme and name';
}
