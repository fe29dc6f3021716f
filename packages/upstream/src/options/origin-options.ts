/** The options of one origin of a pool. */
import {
  boolean,
  choice,
  defineOptions,
  type OptionInput,
  type OptionValues,
  string,
} from '@reverseit/core/options';

const group = 'Backend';

export const originOptions = defineOptions({
  /** Unix socket to connect to; the host of the backend URL is still sent as Host. Default: none. */
  unixSocket: string({
    group,
    prose: 'Unix socket to connect to; the host of the backend URL is still sent as Host.',
    default: null,
  }),
  /** `"pooled"` reuses connections, `"one-shot"` opens a new one for each request. Default: "pooled". */
  connection: choice({
    group,
    prose: '"pooled" reuses backend connections, "one-shot" opens a new one for each request.',
    values: ['pooled', 'one-shot'],
    default: 'pooled',
  }),
  /**
   * Checks requests and handlers before a connection is requested. False suits requests that come from a
   * parser: they are then checked as they are written, possibly after a wait. Default: true.
   */
  checkRequests: boolean({
    group,
    prose: 'Checks requests and handlers before a connection is requested.',
    default: true,
  }),
});

/** Options of one origin, as a user writes them. */
export interface OriginOptions extends OptionInput<typeof originOptions> {}

/** The same, checked and complete. */
export interface OriginValues extends OptionValues<typeof originOptions> {}
