/** Request targets as traces may show them. */

/** Signatures in queries that are as good as a password, by the semantic conventions of OpenTelemetry for URLs. */
const secrets = /([?&](?:AWSAccessKeyId|Signature|sig|X-Goog-Signature)=)[^&#]*/gi;

/** The values of signed URLs are replaced. */
export const redactedTarget = (target: string): string =>
  target.includes('?') ? target.replace(secrets, '$1REDACTED') : target;
