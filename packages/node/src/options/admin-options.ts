/** Options of what shows how the proxy is: whether it counts, and the admin listener. */

import { isIPv4 } from 'node:net';
import { listText } from '@reverseit/core/internal';
import {
  boolean,
  credentialFile,
  custom,
  defineOptions,
  keyPath,
  type OptionInput,
  type OptionValues,
  optionalGroup,
} from '@reverseit/core/options';
import {
  addressJson,
  addressText,
  type ListenAddress,
  listenAddressAccepted,
  readListenAddress,
} from './listeners/listen-address.ts';

const group = 'Metrics and admin';

/** Visible ASCII, as it stands in `Authorization: Bearer` (RFC 6750 §2.1). */
const tokenText = /^[\w\-.~+/]{16,4096}=*$/;

const tokenAccepted = 'at least 16 letters, digits or any of -._~+/';

const hostText = /^(?:\*|[A-Za-z\d](?:[A-Za-z\d._-]*[A-Za-z\d])?)$/;

/** Reads the configuration again, and applies it. Gets the address of who has asked; of a Unix socket its name. */
export type OnReload = (asker: string) => void | Promise<void>;

const adminRows = defineOptions({
  /** Address of the admin listener. Default: "127.0.0.1:4001". */
  listen: custom<string | number | ListenAddress, ListenAddress>({
    group,
    kind: 'address',
    prose: 'Address of the admin listener.',
    default: Object.freeze({ host: '127.0.0.1', port: 4001 }),
    defaultText: '"127.0.0.1:4001"',
    accepts: listenAddressAccepted,
    text: addressText,
    json: addressJson,
    check: readListenAddress,
  }),
  /**
   * Token that all requests except probes must send as `Authorization: Bearer`; required if other machines can connect.
   * Default: none.
   */
  token: custom<string | null, string | null>({
    group,
    kind: 'string',
    prose:
      'Token that all requests except probes must send as `Authorization: Bearer`; required if other machines can connect.',
    default: null,
    secret: true,
    accepts: tokenAccepted,
    text: { placeholder: 'FILE', file: true },
    json: { type: 'string', minLength: 16 },
    check: (value) => {
      // A file ends with a line feed.
      const text = value instanceof Uint8Array ? Buffer.from(value).toString() : value;
      const token = typeof text === 'string' ? text.trimEnd() : '';
      return tokenText.test(token) ? token : undefined;
    },
  }),
  /** File to read admin.token from. Default: none. */
  tokenFile: credentialFile({ group, prose: 'File to read admin.token from.' }),
  /**
   * Host names that requests may use, besides localhost, IP addresses and the host of `listen`; "*" allows any.
   * Default: [].
   */
  hosts: custom<readonly string[], readonly string[]>({
    group,
    kind: 'names',
    prose:
      'Host names that requests may use, besides localhost, IP addresses and the host of `listen`; "*" allows any.',
    default: Object.freeze([]),
    accepts: 'an array of host names, without ports',
    text: listText('NAME,…', 'host names, separated by commas'),
    json: { type: 'array', items: { type: 'string' } },
    check: (value) =>
      Array.isArray(value) && value.every((one) => typeof one === 'string' && hostText.test(one))
        ? Object.freeze(value.map((one: string) => one.toLowerCase()))
        : undefined,
  }),
  /**
   * Function that reads the configuration again and applies it, for `POST /reload`; the command has its own.
   * Default: none.
   */
  onReload: custom<OnReload | null, OnReload | null>({
    group,
    kind: 'function',
    prose:
      'Function that reads the configuration again and applies it, for `POST /reload`; the command has its own.',
    default: null,
    accepts: 'a function (asker)',
    text: null,
    json: null,
    check: (value) => (typeof value === 'function' ? (value as OnReload) : undefined),
  }),
});

/** The option `admin`, as a user writes it. */
export interface AdminOptions extends OptionInput<typeof adminRows> {}

/** The option `admin`, checked and complete. */
export interface AdminValues extends OptionValues<typeof adminRows> {}

export const adminOptions = defineOptions({
  /**
   * Counts requests, connections and errors, for `metrics()`; the option `admin` implies it.
   * Default: false.
   */
  metrics: boolean({
    group,
    prose:
      'Counts requests, connections and errors, for `metrics()`; the option `admin` implies it.',
    default: false,
  }),
  /** Listener for metrics, probes, actions and the status page. */
  admin: optionalGroup<typeof adminRows, AdminOptions, AdminValues>({
    group,
    prose: 'Listener for metrics, probes, actions and the status page.',
    flagPrefix: 'admin',
    rows: adminRows,
    check({ listen, token }, key, faults) {
      if (token !== null || isLocal(listen)) return;
      const text = `required, as the listener can be reached from elsewhere; expected ${tokenAccepted}`;
      faults.add(keyPath(key, 'token'), text);
    },
  }),
});

/** Whether nobody but this machine can connect. */
function isLocal(address: ListenAddress): boolean {
  if ('path' in address) return true;
  // Whoever has opened it knows.
  if ('fd' in address) return false;
  const { host = '' } = address;
  if (host === 'localhost' || host === '::1') return true;
  return isIPv4(host) && host.startsWith('127.');
}
