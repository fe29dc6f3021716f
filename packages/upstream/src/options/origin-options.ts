/** The options of the way to one backend. */
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
  /** Path of a unix socket to connect to; the backend's URL stays the authority. Default: none. */
  unixSocket: string({
    group,
    prose: 'Path of a unix socket to connect to; the URL of the backend stays the authority.',
    default: null,
  }),
  /** `"one-shot"`: a fresh connection for each request, closed after it. Default: "pooled". */
  connection: choice({
    group,
    prose: 'Takes connections from the pool, or makes a fresh one for each request.',
    values: ['pooled', 'one-shot'],
    default: 'pooled',
  }),
  /**
   * False for requests that come from a parser: what they are made of is then checked only as it is written,
   * which may be after a wait for a connection. Default: true.
   */
  checkRequests: boolean({
    group,
    prose: 'Checks requests and handlers before a connection is asked for.',
    default: true,
  }),
});

/** Options of the way to one backend, as a user writes them. */
export interface OriginOptions extends OptionInput<typeof originOptions> {}

/** The same, checked and complete. */
export interface OriginValues extends OptionValues<typeof originOptions> {}
