/** The options of the cookies that a backend sets. */
import { toLowerAscii } from '@reverseit/core/http';
import { booleanOrText } from '@reverseit/core/internal';
import {
  boolean,
  choice,
  custom,
  defineOptions,
  type OptionInput,
  type OptionValues,
} from '@reverseit/core/options';

const group = 'Backend response';

export type SameSite = 'strict' | 'lax' | 'none';

/** No control character and no semicolon may stand in an attribute (RFC 6265 §4.1.1). */
const domainText = /^\.?[A-Za-z\d_](?:[\w.-]{0,251}[\w])?$/;
const pathText = /^\/[!-:<-~]*$/;

export const cookieOptions = defineOptions({
  /** Domain of the cookies that name one; false removes it. Default: unchanged. */
  domain: custom<string | false | null, string | false | null>({
    group,
    kind: 'cookie-domain',
    prose: 'Domain of the cookies that name one; false removes it.',
    default: null,
    defaultText: 'unchanged',
    accepts: 'a host name, or false',
    text: {
      placeholder: 'NAME|false',
      parse: (text) => (text === 'false' ? false : text),
    },
    json: { anyOf: [{ type: 'string' }, { const: false }] },
    check: (value) => {
      if (value === false) return value;
      return typeof value === 'string' && domainText.test(value) ? toLowerAscii(value) : undefined;
    },
  }),
  /**
   * Path of the cookies that name one; true maps paths of the backend to public ones.
   * Default: unchanged.
   */
  path: custom<string | true | null, string | true | null>({
    group,
    kind: 'cookie-path',
    prose: 'Path of the cookies that name one; true maps paths of the backend to public ones.',
    default: null,
    defaultText: 'unchanged',
    accepts: 'a path that starts with a slash, without semicolons, or true',
    text: { placeholder: 'PATH|true', parse: (text) => (text === 'true' ? true : text) },
    json: { anyOf: [{ type: 'string', pattern: '^/' }, { const: true }] },
    check: (value) =>
      value === true || (typeof value === 'string' && pathText.test(value)) ? value : undefined,
  }),
  /**
   * Whether to add Secure where the client uses TLS (true), or to remove it (false).
   * Default: unchanged.
   */
  secure: boolean({
    group,
    prose: 'Whether to add Secure where the client uses TLS (true), or to remove it (false).',
    default: null,
    defaultText: 'unchanged',
    text: { placeholder: 'true|false', parse: booleanOrText },
  }),
  /** SameSite of all cookies. Default: unchanged. */
  sameSite: choice<SameSite, null>({
    group,
    prose: 'SameSite of all cookies.',
    default: null,
    defaultText: 'unchanged',
    values: ['strict', 'lax', 'none'],
  }),
});

/** What to change of the cookies that a backend sets, as a user writes it. */
export interface CookieRewriteInput extends OptionInput<typeof cookieOptions> {}

/** The same, checked. */
export interface CookieRewriteValues extends OptionValues<typeof cookieOptions> {}
