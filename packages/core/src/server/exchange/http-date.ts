let cached = '';
let validUntil = 0;

/** The value of a Date field for this moment (RFC 9110 §6.6.1), made once a second. */
export function httpDate(): string {
  const now = Date.now();
  if (now >= validUntil || now < validUntil - 1000) {
    cached = new Date(now).toUTCString();
    validUntil = now - (now % 1000) + 1000;
  }
  return cached;
}
