/** Options of the response of a backend. Its limits stand in `dispatchLimits` of upstream. */
import {
  boolean,
  count,
  defineOptions,
  fields,
  group as nested,
  type OptionInput,
  optionalGroup,
  string,
} from '@reverseit/core/options';
import { connectionFields } from './connection-fields.ts';
import {
  type CookieRewriteInput,
  type CookieRewriteValues,
  cookieOptions,
} from './cookie-options.ts';

const group = 'Backend response';

export const backendResponseOptions = defineOptions({
  /**
   * Rewrites URLs in Location, Content-Location, Refresh and Destination; with preserveHostHeader only if set explicitly.
   * Default: true.
   */
  rewriteLocation: boolean({
    group,
    prose:
      'Rewrites URLs in Location, Content-Location, Refresh and Destination; with preserveHostHeader only if set explicitly.',
    default: true,
  }),
  /** Attributes to change in cookies that the backend sets; others stay byte for byte. */
  rewriteCookies: optionalGroup<typeof cookieOptions, CookieRewriteInput, CookieRewriteValues>({
    group,
    prose: 'Attributes to change in cookies that the backend sets; others stay byte for byte.',
    rows: cookieOptions,
    flagPrefix: 'rewrite-cookies',
  }),
  /** Response when the backend cannot be reached or closes the connection before its response. */
  errorResponse: nested({
    group,
    prose:
      'Response when the backend cannot be reached or closes the connection before its response.',
    flagPrefix: 'error-response',
    rows: defineOptions({
      /** Status code of the error response. Default: 502. */
      status: count({
        group,
        prose: 'Status code of the error response.',
        default: 502,
        min: 400,
        max: 599,
      }),
      /**
       * Headers of the error response; Content-Type is text/plain unless set here.
       * Default: none.
       */
      headers: fields({
        group,
        prose: 'Headers of the error response; Content-Type is text/plain unless set here.',
        never: connectionFields,
        once: ['content-type'],
      }),
      /** Body of the error response. Default: "Bad Gateway". */
      body: string({
        group,
        prose: 'Body of the error response.',
        default: 'Bad Gateway',
      }),
    }),
  }),
});

/** As a user writes them. */
export type BackendResponseInput = OptionInput<typeof backendResponseOptions>;
