/** Rules that span the options of TLS to backends, asked at start: none of them may wait for a request. */
import type { ConnectionOptions, SecureContextOptions } from 'node:tls';
import {
  checkCredentials,
  type Faults,
  keyPath,
  secureContextFault,
} from '@reverseit/core/options';
import { type PoolTlsValues, tlsOptions, tlsVersions } from './tls-options.ts';

/** What `tls.connect` is given for each connection, as it is. */
const handshake = ['enableTrace', 'minDHSize', 'pskCallback', 'requestOCSP'] as const;

/** What the pool itself makes use of. All others are those of a secure context. */
const apart = ['checkServerIdentity', 'secureContext', 'servername', 'session'] as const;

/** What decides how keys and certificates are read, and is checked before them. */
const policies = [
  'ciphers',
  'sigalgs',
  'ecdhCurve',
  'dhparam',
  'secureOptions',
  'secureProtocol',
  'certificateCompression',
  'sessionIdContext',
  'sessionTimeout',
  'ticketKeys',
  'clientCertEngine',
] as const satisfies readonly (keyof PoolTlsValues)[];

const fromBackend = 'the backend determines it';
const ofTcp = 'the pool sets the TCP options';
const ofServers = 'it is an option for servers';

/** Options of `tls.connect` that are the pool's to set, and why or by what. */
const ours: ReadonlyMap<string, string> = new Map([
  ['host', fromBackend],
  ['port', fromBackend],
  ['path', 'use the option unixSocket'],
  ['socket', fromBackend],
  ['lookup', fromBackend],
  ['rejectUnauthorized', 'use the option verifyTls of the pool'],
  ['ALPNProtocols', 'use the option protocols of the pool'],
  ['timeout', 'use the option connectTimeout of the pool'],
  ['signal', 'use the option connectTimeout of the pool'],
  ['onread', 'the transport sets it'],
  ['highWaterMark', 'the transport sets it'],
  ['allowHalfOpen', ofTcp],
  ['autoSelectFamily', ofTcp],
  ['autoSelectFamilyAttemptTimeout', ofTcp],
  ['blockList', ofTcp],
  ['family', ofTcp],
  ['hints', ofTcp],
  ['keepAlive', ofTcp],
  ['keepAliveInitialDelay', ofTcp],
  ['localAddress', ofTcp],
  ['localPort', ofTcp],
  ['noDelay', ofTcp],
  ['ALPNCallback', ofServers],
  ['SNICallback', ofServers],
  ['isServer', ofServers],
  ['requestCert', ofServers],
  ['server', ofServers],
]);

export const tlsElsewhere = (key: string): string | undefined => ours.get(key);

export function checkTls(values: PoolTlsValues, at: string, faults: Faults): void {
  const before = faults.list.length;
  const context: Readonly<Record<string, unknown>> = { ...contextOptions(values) };
  if (values.secureContext !== null) {
    for (const name of Object.keys(context)) {
      faults.add(keyPath(at, name), 'cannot be combined with secureContext, which includes it');
    }
    return;
  }
  checkPairs(values, at, faults);
  for (const name of policies) {
    const reason = name in context ? secureContextFault({ [name]: context[name] }) : null;
    if (reason !== null) faults.add(keyPath(at, name), `cannot be used by TLS (${reason})`);
  }
  if (faults.list.length === before) checkCredentials(context, at, faults);
}

function checkPairs(values: PoolTlsValues, at: string, faults: Faults): void {
  const { key, cert, minVersion, maxVersion, privateKeyEngine, privateKeyIdentifier } = values;
  const hasKey = key !== null || privateKeyIdentifier !== null;
  if (hasKey !== (cert !== null)) faults.add(at, 'key and cert are needed together');
  if ((privateKeyIdentifier === null) !== (privateKeyEngine === null)) {
    faults.add(at, 'privateKeyIdentifier and privateKeyEngine are needed together');
  }
  // OpenSSL says so only in the handshake.
  if (minVersion !== null && maxVersion !== null) {
    if (tlsVersions.indexOf(minVersion) > tlsVersions.indexOf(maxVersion)) {
      faults.add(
        keyPath(at, 'minVersion'),
        `${minVersion} is higher than maxVersion ${maxVersion}`,
      );
    }
  }
}

type Given = Readonly<Partial<Record<keyof PoolTlsValues, unknown>>>;

/** What `tls.createSecureContext` is given; what is null is left to the defaults of Node. */
export function contextOptions(values: PoolTlsValues): SecureContextOptions {
  const others: readonly string[] = [...handshake, ...apart];
  // Files have been read by now.
  const names = Object.keys(tlsOptions).filter(
    (name) => !others.includes(name) && !name.endsWith('File'),
  );
  return pick(values, names) as SecureContextOptions;
}

/** What `tls.connect` is given beside it. */
export function handshakeOptions(values: PoolTlsValues): ConnectionOptions {
  return pick(values, handshake) as ConnectionOptions;
}

function pick(values: PoolTlsValues, names: readonly string[]): Given {
  const entries = names.map((name) => [name, Reflect.get(values, name)] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== null));
}
