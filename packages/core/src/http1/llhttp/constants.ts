/** The errno values of llhttp that the binding tells apart (llhttp 9, include/llhttp.h). */
export const ERRNO = {
  OK: 0,
  STRICT: 2,
  LF_EXPECTED: 3,
  UNEXPECTED_CONTENT_LENGTH: 4,
  INVALID_METHOD: 6,
  INVALID_URL: 7,
  INVALID_CONSTANT: 8,
  INVALID_VERSION: 9,
  INVALID_HEADER_TOKEN: 10,
  INVALID_CONTENT_LENGTH: 11,
  INVALID_CHUNK_SIZE: 12,
  INVALID_TRANSFER_ENCODING: 15,
  PAUSED: 21,
  PAUSED_UPGRADE: 22,
  PAUSED_H2_UPGRADE: 23,
  CR_EXPECTED: 25,
  UNEXPECTED_SPACE: 30,
} as const;

export const MESSAGE_TYPE = { REQUEST: 1, RESPONSE: 2 } as const;

/** What a recorded span is a part of. */
export const SPAN = { TARGET: 0, NAME: 1, VALUE: 2, BODY: 3, STATUS: 4 } as const;
