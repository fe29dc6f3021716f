/**
 * Authentication of the connection instead of the request: NTLM, and Negotiate and its kin (RFC 4559).
 * Whoever sends the next request on such a connection is taken for the one who logged in, so a proxy must
 * never share it among clients.
 */

/** Schemes anywhere in a list of challenges, or at the start of credentials (RFC 9110 §11.3, §11.4). */
const connectionScheme = /(?:^|[\s,])(?:ntlm|nego\w*|kerberos)(?:$|[\s,])/i;

/**
 * Whether credentials or challenges, a value of Authorization or WWW-Authenticate, name a scheme that
 * authenticates the connection. Rather yes than no: a word within a quoted realm counts too.
 */
export function authenticatesConnection(value: string): boolean {
  return connectionScheme.test(value);
}
