/** Status codes (RFC 9110 §15): reason phrases and which responses have no body. */

import { STATUS_CODES } from 'node:http';

/** What RFC 9110 has renamed since Node wrote its list, and what nobody has registered. */
const phrases: Readonly<Record<number, string | undefined>> = {
  ...STATUS_CODES,
  413: 'Content Too Large',
  422: 'Unprocessable Content',
  509: undefined,
};

/** The registered reason phrase; empty for a status that has none. */
export function reasonPhrase(status: number): string {
  return phrases[status] ?? '';
}

/** Whether a response has no body whatever its fields say (RFC 9110 §6.4.1). */
export function isBodiless(method: string, status: number): boolean {
  return status === 204 || status === 304 || status < 200 || method === 'HEAD';
}
