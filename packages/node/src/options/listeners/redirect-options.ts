/** The options of a listener that sends its clients to https. */
import {
  custom,
  defineOptions,
  Faults,
  type OptionInput,
  type OptionValues,
  optionalCount,
  pathPrefix,
} from '@reverseit/core/options';

const group = 'Listeners';

/** One path, for its grammar. */
const prefix = pathPrefix({ group, prose: '', default: '/' });

function readPrefix(value: unknown): string | undefined {
  const faults = new Faults();
  const path = prefix.read(value, '', faults, '/');
  return faults.list.length === 0 ? path : undefined;
}

const none: readonly string[] = Object.freeze([]);
const isPath = (path: string | undefined): path is string => path !== undefined;

export const redirectOptions = defineOptions({
  /**
   * Port to redirect to. Without it, that of the first listener with TLS, or 443.
   * Default: none.
   */
  port: optionalCount({
    group,
    prose: 'Port to redirect to. Without it, that of the first listener with TLS, or 443.',
    noun: 'a port',
    max: 65_535,
    placeholder: null,
  }),
  /**
   * Status of the redirect: 308 keeps method and body, 301 is for very old clients.
   * Default: 308.
   */
  status: custom<301 | 308, 301 | 308>({
    group,
    kind: 'choice',
    prose: 'Status of the redirect: 308 keeps method and body, 301 is for very old clients.',
    default: 308,
    accepts: '308 or 301',
    text: null,
    json: { enum: [308, 301] },
    check: (value) => (value === 308 || value === 301 ? value : undefined),
  }),
  /**
   * Path prefixes that are served as usual, such as "/.well-known/acme-challenge".
   * Default: none.
   */
  except: custom<readonly string[] | null, readonly string[]>({
    group,
    kind: 'path prefixes',
    prose: 'Path prefixes that are served as usual, such as "/.well-known/acme-challenge".',
    default: none,
    defaultText: 'none',
    accepts: 'an array of paths such as "/.well-known/acme-challenge"',
    text: null,
    json: { type: 'array', items: { type: 'string', pattern: '^/' } },
    check: (value) => {
      if (value === null) return none;
      if (!Array.isArray(value)) return undefined;
      const paths = value.map(readPrefix);
      return paths.every(isPath) ? Object.freeze(paths) : undefined;
    },
  }),
});

/** Options of a redirect to https, as a user writes them. */
export interface RedirectOptions extends OptionInput<typeof redirectOptions> {}

/** Where a listener redirects to, and what it serves all the same. */
export interface RedirectRules extends OptionValues<typeof redirectOptions> {}
