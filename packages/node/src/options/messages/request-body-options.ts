/** Options of the body of a request. */
import { bytes, defineOptions, milliseconds, type OptionInput } from '@reverseit/core/options';

const group = 'Request body';

/** What is held in memory is not unlimited. */
export const maxHeldBytes = 1024 * 1024 * 1024;

export const requestBodyOptions = defineOptions({
  /**
   * Maximum time without data from the client while its request body is read.
   * Default: 55000 ms. If exceeded: 408.
   */
  requestBodyReadTimeout: milliseconds({
    group,
    prose: 'Maximum time without data from the client while its request body is read.',
    default: 55000,
    answers: '408',
  }),
  /**
   * Maximum size of a request body; 0 allows none. A larger Content-Length is rejected before the body is read.
   * Default: 104857600 bytes. If exceeded: 413.
   */
  maxRequestBodySize: bytes({
    group,
    prose:
      'Maximum size of a request body; 0 allows none. A larger Content-Length is rejected before the body is read.',
    default: 104857600,
    min: 0,
    lift: true,
    answers: '413',
  }),
  /**
   * Request bodies up to this size are read whole before the backend is contacted; larger ones are streamed.
   * Default: 1048576 bytes.
   */
  requestBodyBufferSize: bytes({
    group,
    prose:
      'Request bodies up to this size are read whole before the backend is contacted; larger ones are streamed.',
    default: 1048576,
    min: 0,
    max: maxHeldBytes,
  }),
  /**
   * Streams a body of unknown length once the client pauses this long; 0 waits for the whole body. gRPC is never buffered.
   * Default: 100 ms.
   */
  requestBodyBufferDelay: milliseconds({
    group,
    prose:
      'Streams a body of unknown length once the client pauses this long; 0 waits for the whole body. gRPC is never buffered.',
    default: 100,
  }),
});

/** As a user writes them. */
export type RequestBodyInput = OptionInput<typeof requestBodyOptions>;
