/** Client-Cert and Client-Cert-Chain (RFC 9440 §2): the certificate of the client for the backend. Pure. */
import type { PeerCertificates } from '@reverseit/core';

/** The values of the fields. */
export interface CertificateFields {
  readonly leaf: string;
  /** Empty where the client showed no more. */
  readonly chain: string;
}

const known = new WeakMap<PeerCertificates, CertificateFields>();

/** Made once for a connection. */
export function certificateFields(certificates: PeerCertificates): CertificateFields {
  let fields = known.get(certificates);
  if (fields === undefined) {
    const { leaf, chain } = certificates;
    fields = { leaf: byteSequence(leaf), chain: chain.map(byteSequence).join(', ') };
    known.set(certificates, fields);
  }
  return fields;
}

/** RFC 8941 §3.3.5. */
const byteSequence = (bytes: Buffer): string => `:${bytes.toString('base64')}:`;
