/** Keys and certificates, tried at start by the code that will use them. */
import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { type Faults, keyPath } from './faults.ts';
import { serverNameOf } from './server-names.ts';

/** What an option holds. */
const nouns = {
  cert: 'certificate',
  key: 'private key',
  pfx: 'PFX archive',
  crl: 'revocation list',
} as const;

type Given = Readonly<Record<string, unknown>>;

/**
 * Reports keys and certificates that cannot be read, each under its own key, or that do not fit together.
 * What they hold is never shown.
 */
export function checkCredentials(
  given: Readonly<Record<string, unknown>>,
  parent: string,
  faults: Faults,
): void {
  const before = faults.list.length;
  const unlocking = isGiven(given.passphrase) ? ' with this passphrase' : '';
  for (const [name, noun] of Object.entries(nouns)) {
    const reason = isGiven(given[name])
      ? secureContextFault(pick(given, [name, 'passphrase', 'ciphers']))
      : null;
    if (reason === null) continue;
    const means = name === 'key' || name === 'pfx' ? unlocking : '';
    faults.add(keyPath(parent, name), `cannot be read as a ${noun}${means} (${reason})`);
  }
  // Node passes over an authority that it cannot read.
  if (isGiven(given.ca) && ![given.ca].flat().every(isCertificate)) {
    faults.add(keyPath(parent, 'ca'), 'cannot be read as a certificate');
  }
  if (faults.list.length > before) return;
  const reason = secureContextFault(pick(given, Object.keys(given)));
  if (reason !== null) faults.add(parent, `cannot be used by TLS (${reason})`);
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null;

const pick = (given: Given, names: readonly string[]): Given =>
  Object.fromEntries(
    names.filter((name) => isGiven(given[name])).map((name) => [name, given[name]]),
  );

/** What OpenSSL or Node has against options of `tls.createSecureContext`; null where nothing. */
export function secureContextFault(options: SecureContextOptions): string | null {
  try {
    createSecureContext(options);
    return null;
  } catch (error) {
    if (!(error instanceof Error)) return String(error);
    return 'reason' in error && typeof error.reason === 'string' ? error.reason : error.message;
  }
}

function isCertificate(value: unknown): boolean {
  try {
    new X509Certificate(value as string | Buffer);
    return true;
  } catch {
    return false;
  }
}

/**
 * The names in subjectAltName (RFC 5280 §4.2.1.6) of the first certificate of a PEM text. Empty where there is
 * none, or none that a client could ask for.
 */
export function certificateNames(pem: string | Buffer): readonly string[] {
  const { subjectAltName = '' } = new X509Certificate(pem);
  // Node quotes a value that holds a comma or a quote.
  const entries = subjectAltName.match(/(?:[^,"]|"(?:[^"\\]|\\.)*")+/g) ?? [];
  return entries.flatMap((entry) => {
    const text = entry.trim();
    const name = text.startsWith('DNS:') ? serverNameOf(text.slice('DNS:'.length)) : undefined;
    return name === undefined ? [] : [name];
  });
}
