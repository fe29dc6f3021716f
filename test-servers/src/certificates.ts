/**
 * A throw-away certificate authority and what it signs (RFC 5280), made once in a process. Written
 * out here because the packages that can do it bring twenty others with them.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import {
  bits,
  explicit,
  implicit,
  integer,
  objectId,
  octets,
  sequence,
  set,
  time,
  truth,
  utf8,
} from './der.ts';

/** PEM texts, as `node:tls` takes them. */
export interface KeyPair {
  readonly key: string;
  readonly cert: string;
}

export interface TestCertificates {
  /** The authority's certificate, for the `ca` option. */
  readonly ca: string;
  /** For `localhost`, `127.0.0.1` and `::1`. */
  readonly server: KeyPair;
  /** For `other.example` alone. */
  readonly wrongName: KeyPair;
  /** For `localhost`; it ended yesterday. */
  readonly expired: KeyPair;
  /** For `localhost`; it begins tomorrow. */
  readonly notYetValid: KeyPair;
  /** For `localhost`, signed by itself. */
  readonly selfSigned: KeyPair;
  /** A client's, signed by the authority. */
  readonly client: KeyPair;
  /** A client's, signed by an authority that nobody knows. */
  readonly strangeClient: KeyPair;
}

const dayMs = 86_400_000;
const local = ['localhost', '127.0.0.1', '::1'];

let made: TestCertificates | undefined;
let authority: Issued | undefined;

/** Makes them, or gives those made before. */
export function testCertificates(): TestCertificates {
  made ??= makeAll();
  return made;
}

/** A pair for other names and addresses, signed by the same authority. */
export function certificateFor(...hosts: readonly string[]): KeyPair {
  return pair(theAuthority(), { name: hosts[0] ?? 'nobody', hosts });
}

function pair(issuer: Issued | null, subject: Subject): KeyPair {
  const { key, cert } = issue(issuer, subject);
  return { key, cert };
}

function theAuthority(): Issued {
  authority ??= issue(null, { name: 'Test CA', authority: true });
  return authority;
}

function makeAll(): TestCertificates {
  const known = theAuthority();
  const stranger = issue(null, { name: 'Nobody', authority: true });
  return {
    ca: known.cert,
    server: pair(known, { name: 'localhost', hosts: local }),
    wrongName: pair(known, { name: 'other.example', hosts: ['other.example'] }),
    expired: pair(known, { name: 'localhost', hosts: local, fromDay: -10, toDay: -1 }),
    notYetValid: pair(known, { name: 'localhost', hosts: local, fromDay: 1, toDay: 10 }),
    selfSigned: pair(null, { name: 'localhost', hosts: local }),
    client: pair(known, { name: 'a client', client: true }),
    strangeClient: pair(stranger, { name: 'a client', client: true }),
  };
}

interface Issued extends KeyPair {
  readonly name: string;
}

interface Subject {
  readonly name: string;
  /** Names and addresses that it is good for. */
  readonly hosts?: readonly string[];
  /** Validity in days from now. Default: from -1 to 30. */
  readonly fromDay?: number;
  readonly toDay?: number;
  readonly client?: boolean;
  readonly authority?: boolean;
}

const ecdsaWithSha256 = sequence(objectId('1.2.840.10045.4.3.2'));
let serial = 0;

/** Issues a certificate; without an issuer it signs itself. */
function issue(issuer: Issued | null, subject: Subject): Issued {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  serial += 1;
  const fromNow = (days: number): Buffer => time(new Date(Date.now() + days * dayMs));
  const toBeSigned = sequence(
    explicit(0, integer(2)), // version 3
    integer(serial),
    ecdsaWithSha256,
    distinguishedName(issuer?.name ?? subject.name),
    sequence(fromNow(subject.fromDay ?? -1), fromNow(subject.toDay ?? 30)),
    distinguishedName(subject.name),
    publicKey.export({ type: 'spki', format: 'der' }),
    explicit(3, sequence(...extensions(subject))),
  );
  const signer: KeyObject = issuer === null ? privateKey : createPrivateKey(issuer.key);
  const signature = sign('sha256', toBeSigned, signer);
  return {
    name: subject.name,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: pem(sequence(toBeSigned, ecdsaWithSha256, bits(signature))),
  };
}

const distinguishedName = (commonName: string): Buffer =>
  sequence(set(sequence(objectId('2.5.4.3'), utf8(commonName))));

function extensions(subject: Subject): Buffer[] {
  if (subject.authority === true) {
    return [
      extension('2.5.29.19', true, sequence(truth(true))), // basicConstraints: an authority
      extension('2.5.29.15', true, bits(Buffer.from([0x04]), 2)), // keyUsage: keyCertSign
    ];
  }
  const purpose = subject.client === true ? '1.3.6.1.5.5.7.3.2' : '1.3.6.1.5.5.7.3.1';
  const found = [extension('2.5.29.37', false, sequence(objectId(purpose)))]; // extKeyUsage
  if (subject.hosts !== undefined) {
    const names = subject.hosts.map(generalName);
    found.push(extension('2.5.29.17', false, sequence(...names))); // subjectAltName
  }
  return found;
}

const extension = (id: string, critical: boolean, value: Buffer): Buffer =>
  sequence(objectId(id), ...(critical ? [truth(true)] : []), octets(value));

/** A DNS name, an IPv4 address, or the one IPv6 address that is needed here. */
function generalName(host: string): Buffer {
  if (host === '::1') return implicit(7, Buffer.from(`${'00'.repeat(15)}01`, 'hex'));
  if (/^[0-9.]+$/.test(host)) return implicit(7, Buffer.from(host.split('.').map(Number)));
  return implicit(2, Buffer.from(host));
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').replace(/.{64}/g, '$&\n').trimEnd();
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}
