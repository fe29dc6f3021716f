/** The options of sticky sessions. */
import { isToken } from '@reverseit/core/http';
import {
  boolean,
  choice,
  custom,
  defineOptions,
  optionalCount,
  string,
} from '@reverseit/core/options';

const group = 'Backends';

export const affinityOptions = defineOptions({
  /** Name of the cookie. Default: none. */
  cookie: string({
    group,
    prose: 'Name of the cookie.',
    default: null,
    accepts: 'the name of a cookie (a token)',
    placeholder: 'NAME',
    check: isToken,
  }),
  /** Max-Age of the cookie, in seconds. Default: until they close. */
  maxAge: optionalCount({
    group,
    prose: 'Max-Age of the cookie, in seconds.',
    defaultText: 'until they close',
    noun: 'a whole number of seconds',
    placeholder: 'SECONDS',
  }),
  /** Path of the cookie. Default: "/". */
  path: string({
    group,
    prose: 'Path of the cookie.',
    default: '/',
    accepts: 'a path that starts with a slash, without semicolons',
    placeholder: 'PATH',
    check: (path) => /^\/[!-:<-~]*$/.test(path),
  }),
  /** SameSite attribute of the cookie. Default: "lax". */
  sameSite: choice({
    group,
    prose: 'SameSite attribute of the cookie.',
    values: ['lax', 'strict', 'none'],
    default: 'lax',
  }),
  /** Secure attribute of the cookie. Default: if the client uses TLS. */
  secure: boolean({
    group,
    prose: 'Secure attribute of the cookie.',
    default: null,
    defaultText: 'if the client uses TLS',
  }),
  /**
   * Key that signs the cookie; without it, clients can guess the value for a backend whose name they know.
   * Default: none.
   */
  secret: custom<string | null, string | null>({
    group,
    kind: 'string',
    prose:
      'Key that signs the cookie; without it, clients can guess the value for a backend whose name they know.',
    default: null,
    accepts: 'a text of at least 16 characters',
    secret: true,
    text: { placeholder: 'TEXT' },
    json: { type: 'string', minLength: 16 },
    check: (value) => (typeof value === 'string' && value.length >= 16 ? value : undefined),
  }),
});
