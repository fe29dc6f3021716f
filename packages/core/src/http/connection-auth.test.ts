import { expect, test } from 'vitest';
import { authenticatesConnection } from './connection-auth.ts';

const values: readonly [value: string, authenticates: boolean][] = [
  ['NTLM', true],
  ['NTLM TlRMTVNTUAABAAAA', true],
  ['ntlm TlRMTVNTUAABAAAA', true],
  ['Negotiate', true],
  ['negotiate YIIGhg==', true],
  ['Nego2', true],
  ['Kerberos YIIGhg==', true],
  ['Negotiate, NTLM', true],
  ['Basic realm="files",NTLM', true],
  ['Basic realm="files", Negotiate\t', true],
  ['', false],
  ['Basic TlRMOm50bG0=', false],
  ['Bearer ntlm.negotiate.kerberos', false],
  ['Digest realm="NTLM-free"', false],
  ['NTLMv9', false],
  ['xNTLM', false],
];

test.for(values)('%j authenticates the connection: %j (RFC 4559 §4)', ([value, authenticates]) => {
  expect(authenticatesConnection(value)).toBe(authenticates);
});
