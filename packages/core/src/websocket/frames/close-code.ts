/**
 * Close codes (RFC 6455 §7.4 and the IANA registry). Some only report what happened and never travel;
 * the rest of the ranges say who may define what.
 */

export const closeCodes = {
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  unsupportedData: 1003,
  /** Reported when a close frame had no code. Never sent. */
  noCode: 1005,
  /** Reported when the connection ended without a close frame. Never sent. */
  abnormal: 1006,
  invalidPayload: 1007,
  policyViolation: 1008,
  messageTooBig: 1009,
  /** Sent by a client that missed an extension in the server's answer. */
  mandatoryExtension: 1010,
  internalError: 1011,
  serviceRestart: 1012,
  tryAgainLater: 1013,
  badGateway: 1014,
  /** Reported when TLS failed. Never sent. */
  tlsHandshake: 1015,
} as const;

/** A reason is what a control frame's 125 bytes leave beside the code (RFC 6455 §5.5). */
export const maxReasonBytes = 123;

/**
 * Whether a close frame may carry the code: 1000–1003, 1007–1014, and the ranges of libraries and
 * applications, 3000–4999 (RFC 6455 §7.4.2). Not 1004, which has no meaning, nor the codes that only
 * report (1005, 1006, 1015), nor what is unassigned or out of range. Both sides may send each of them:
 * the RFC gives 1010 to clients and 1011–1014 to servers, but forbids them to nobody.
 */
export function isWireCloseCode(code: number): boolean {
  if (!Number.isInteger(code)) return false;
  if (code >= 3000) return code <= 4999;
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

/** The reason cut to what a close frame holds, never inside a character. */
export function truncateReason(reason: string): Buffer {
  const bytes = Buffer.from(reason);
  if (bytes.length <= maxReasonBytes) return bytes;
  let end = maxReasonBytes;
  // Back over continuation bytes to where a character begins.
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}
