/** Several certificates of one listener: the client's server name (RFC 6066 §3) decides. */
import { createSecureContext, type SecureContext, type TlsOptions } from 'node:tls';
import {
  type NamedCertificate,
  namesOfCertificate,
} from '../../options/option-certificates-kind.ts';
import { ServerNames } from '../../options/server-names.ts';

type SNICallback = NonNullable<TlsOptions['SNICallback']>;

/** Options of `tls.createServer`, and certificates by name. */
export interface NamedTlsOptions extends TlsOptions {
  readonly certificates?: readonly NamedCertificate[] | null | undefined;
}

/**
 * Without it OpenSSL ends handshakes that resume a session in the context of another name while clients are
 * asked for certificates; Node sets one only for the default context.
 */
const sessionIdContext = 'reverseit';

/** What a TLS server is made with. */
export interface ChosenTlsOptions {
  readonly options: TlsOptions;
  /** Which certificate is for which name; null where there are none by name. */
  readonly names: ServerNames<SecureContext> | null;
}

/**
 * Options that choose among the certificates. `SNICallback` of the options is asked first. A client without a
 * name, or with one that nothing is listed for, gets the pair of the options or else the first certificate.
 */
export function withNamedCertificates({
  certificates,
  ...options
}: NamedTlsOptions): ChosenTlsOptions {
  const first = certificates?.[0];
  if (certificates == null || first === undefined) return { options, names: null };
  const shared = { sessionIdContext, ...options };
  const names = contextsByName(shared, certificates);
  const chosen = {
    ...(hasOwnPair(options) ? shared : { ...shared, ...pairOf(first) }),
    SNICallback: choose(names, options.SNICallback),
  };
  return { options: chosen, names };
}

/** Whether there is a default beside the certificates by name. */
export const hasOwnPair = ({ key, cert, pfx }: Pick<TlsOptions, 'key' | 'cert' | 'pfx'>): boolean =>
  (key != null && cert != null) || pfx != null;

/** Made once: a handshake makes none. */
function contextsByName(
  shared: TlsOptions,
  certificates: readonly NamedCertificate[],
): ServerNames<SecureContext> {
  const contexts = new ServerNames<SecureContext>();
  const all = certificates.map((certificate) => ({
    certificate,
    context: createSecureContext({ ...shared, pfx: undefined, ...pairOf(certificate) }),
  }));
  // A name that is listed outranks one that only stands in a certificate.
  const listed = all.filter(({ certificate: { names } }) => names != null);
  for (const { certificate, context } of [...listed, ...all]) {
    for (const name of namesOfCertificate(certificate)) contexts.add(name, context);
  }
  return contexts;
}

const pairOf = ({ key, cert, passphrase }: NamedCertificate): TlsOptions => ({
  // Null, which the table knows, means the same to Node.
  key: key ?? undefined,
  cert: cert ?? undefined,
  passphrase: passphrase ?? undefined,
});

function choose(contexts: ServerNames<SecureContext>, own: SNICallback | undefined): SNICallback {
  if (own == null) return (name, done) => done(null, contexts.find(name));
  return (name, done) =>
    own(name, (error, context) => {
      if (error != null || context != null) done(error, context);
      else done(null, contexts.find(name));
    });
}
