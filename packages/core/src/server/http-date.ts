/** The Date field's value (RFC 9110 §6.6.1), made once a second. */
let cached = '';
let validUntil = 0;

export function httpDate(): string {
  const now = Date.now();
  if (now >= validUntil || now < validUntil - 1000) {
    cached = new Date(now).toUTCString();
    validUntil = now - (now % 1000) + 1000;
  }
  return cached;
}
