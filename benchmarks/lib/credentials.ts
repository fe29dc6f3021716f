/** A key and a certificate for those who speak TLS in a run, as files. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testCertificates } from '@reverseit/test-servers/certificates';
import { scratchFolder } from './scratch.ts';

export interface CredentialFiles {
  readonly keyFile: string;
  readonly certFile: string;
  /** Both in one file, as HAProxy wants them. */
  readonly bothFile: string;
}

let files: CredentialFiles | undefined;

export function credentialFiles(): CredentialFiles {
  files ??= write();
  return files;
}

function write(): CredentialFiles {
  const { key, cert } = testCertificates().server;
  const file = (name: string, text: string): string => {
    const path = join(scratchFolder(), name);
    writeFileSync(path, text);
    return path;
  };
  return {
    keyFile: file('key.pem', key),
    certFile: file('cert.pem', cert),
    bothFile: file('both.pem', `${cert}${key}`),
  };
}
