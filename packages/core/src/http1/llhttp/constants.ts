/** The errno values of llhttp that the binding distinguishes (llhttp 9, include/llhttp.h). */
export const ERRNO = {
  OK: 0,
  UNEXPECTED_CONTENT_LENGTH: 4,
  INVALID_METHOD: 6,
  INVALID_URL: 7,
  INVALID_VERSION: 9,
  INVALID_HEADER_TOKEN: 10,
  INVALID_CONTENT_LENGTH: 11,
  INVALID_TRANSFER_ENCODING: 15,
  PAUSED: 21,
  PAUSED_H2_UPGRADE: 23,
} as const;

export const MESSAGE_TYPE = { REQUEST: 1, RESPONSE: 2 } as const;

/** What a recorded span is a part of. */
export const SPAN = { TARGET: 0, NAME: 1, VALUE: 2, BODY: 3, STATUS: 4 } as const;
