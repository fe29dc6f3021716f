/** The kind of options that list certificates by the names that they are for. */
import { checkLoaded, loadFiles } from './credential-files.ts';
import { type Faults, keyPath } from './faults.ts';
import { custom, type RowText, reader } from './option-kinds.ts';
import {
  defaultValues,
  defineOptions,
  isPlainObject,
  type Option,
  type OptionInput,
  type OptionValues,
  readOptions,
} from './option-schema.ts';
import { credentialFile, pem } from './option-wire-kinds.ts';
import { serverNameOf } from './server-names.ts';
import { certificateNames, checkCredentials } from './tls-credentials.ts';

const group = 'Client connections';

export const certificateOptions = defineOptions({
  /**
   * Names that clients ask for, such as "example.org" or "*.example.org" (one label).
   * Default: those of subjectAltName in the certificate.
   */
  names: custom<string | readonly string[] | null, readonly string[] | null>({
    group,
    kind: 'server names',
    prose: 'Names that clients ask for, such as "example.org" or "*.example.org" (one label).',
    default: null,
    defaultText: 'those of subjectAltName in the certificate',
    accepts: 'an array of host names in ASCII such as "example.org" or "*.example.org"',
    text: null,
    json: {
      anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' }, minItems: 1 }],
    },
    check: (value) => {
      const list: readonly unknown[] = Array.isArray(value) ? value : [value];
      const names = list.map((one) => (typeof one === 'string' ? serverNameOf(one) : undefined));
      return names.length > 0 && names.every((name) => name !== undefined)
        ? Object.freeze([...new Set(names)])
        : undefined;
    },
  }),
  /** File to read the private key from (PEM). Default: none. */
  keyFile: credentialFile({ group, prose: 'File to read the private key from (PEM).' }),
  /** File to read the certificate chain from (PEM). Default: none. */
  certFile: credentialFile({ group, prose: 'File to read the certificate chain from (PEM).' }),
  /** Private key (PEM). Default: none. */
  key: pem({ group, prose: 'Private key (PEM).' }),
  /** Certificate chain (PEM). Default: none. */
  cert: pem({ group, prose: 'Certificate chain (PEM).' }),
  /** Passphrase of the private key. Default: none. */
  passphrase: custom<string | null, string | null>({
    group,
    kind: 'string',
    prose: 'Passphrase of the private key.',
    default: null,
    accepts: 'a string',
    secret: true,
    text: null,
    json: { type: 'string' },
    check: (value) => (typeof value === 'string' ? value : undefined),
  }),
});

/**
 * A certificate for the names that it lists, or else for those in its subjectAltName: `keyFile` or `key`, and
 * `certFile` or `cert`.
 */
export interface NamedCertificate extends OptionInput<typeof certificateOptions> {}

type Values = OptionValues<typeof certificateOptions>;

/** Certificates by name. The files have been read: `key` and `cert` hold what they held. */
export function certificates(
  spec: RowText,
): Option<readonly NamedCertificate[] | null, readonly NamedCertificate[] | null> {
  const accepts = 'an array of {names, keyFile, certFile}';
  return reader<readonly NamedCertificate[] | null, readonly NamedCertificate[] | null>({
    ...spec,
    kind: 'certificates',
    default: null,
    accepts,
    text: null,
    json: { type: 'array', minItems: 1, items: entrySchema },
    read(value, key, faults) {
      if (value === null) return null;
      if (!Array.isArray(value) || value.length === 0) {
        faults.refuse(key, value, accepts, true);
        return null;
      }
      const before = faults.list.length;
      const all = value.map((one, nth) => readCertificate(one, `${key}[${nth}]`, faults));
      if (faults.list.length === before) refuseRepeats(all, key, faults);
      return Object.freeze(all);
    },
  });
}

const entrySchema = {
  type: 'object',
  properties: Object.fromEntries(
    Object.entries(certificateOptions).map(([name, { prose, json }]) => [
      name,
      { description: prose, ...json },
    ]),
  ),
  additionalProperties: false,
};

const noCertificate = defaultValues(certificateOptions);

function readCertificate(value: unknown, key: string, faults: Faults): Values {
  if (!isPlainObject(value)) {
    faults.refuse(key, value, 'an object {names, keyFile, certFile}', true);
    return noCertificate;
  }
  const before = faults.list.length;
  const loaded = loadFiles(certificateOptions, value, key, faults);
  const values = readOptions(certificateOptions, loaded.given, key, faults, noCertificate);
  if (faults.list.length > before) return values;
  const { key: privateKey, cert, passphrase } = values;
  if (privateKey === null || cert === null) {
    const missing = privateKey !== null ? 'certFile' : cert !== null ? 'keyFile' : null;
    faults.add(
      key,
      `${missing ?? 'keyFile and certFile'} missing; expected keyFile and certFile, or key and cert`,
    );
    return values;
  }
  checkLoaded(loaded, key, faults, (own) =>
    checkCredentials({ key: privateKey, cert, passphrase }, key, own),
  );
  return values;
}

/** A name can be listed for one of them only; what certificates contain may overlap. */
function refuseRepeats(all: readonly Values[], key: string, faults: Faults): void {
  const seen = new Map<string, number>();
  for (const [nth, { names }] of all.entries()) {
    for (const name of names ?? []) {
      const first = seen.get(name);
      if (first === undefined) seen.set(name, nth);
      else {
        const at = keyPath(`${key}[${nth}]`, 'names');
        faults.add(at, `"${name}" is also listed by ${key}[${first}]`);
      }
    }
  }
}

/** The names that a checked certificate is for: those listed, or those that it holds. */
export function namesOfCertificate({ names, cert }: NamedCertificate): readonly string[] {
  if (names !== undefined && names !== null) return [names].flat();
  return [cert ?? []].flat().flatMap((one) => certificateNames(one));
}
