/** Options of a route that several backends serve. */

import { isToken, toLowerAscii } from '@reverseit/core/http';
import { listText } from '@reverseit/core/internal';
import { count, custom, defineOptions, type OptionInput } from '@reverseit/core/options';
import { groupOptions } from '@reverseit/upstream/internal';
import type { HookRequest } from '../../hooks/hooks.ts';
import { readBackendPattern } from './allowed-backends.ts';

const group = 'Backends';

/** What a request is known by, where requests of the same key go to the same backend. */
export type HashOn =
  | 'client-address'
  | 'path'
  | `header:${string}`
  | `cookie:${string}`
  | ((request: HookRequest) => string);

const byName = /^(header|cookie):(.+)$/;

export const balancingOptions = defineOptions({
  /** Part of the request that loadBalancing "hash" hashes. Default: "client-address". */
  hashOn: custom<HashOn, HashOn>({
    group,
    kind: 'hash-key',
    prose: 'Part of the request that loadBalancing "hash" hashes.',
    default: 'client-address',
    accepts: '"client-address", "path", "header:NAME", "cookie:NAME" or a function (request)',
    text: {
      placeholder: 'WHAT',
      accepts: '"client-address", "path", "header:NAME" or "cookie:NAME"',
    },
    json: { type: 'string' },
    check: (value) => {
      if (typeof value === 'function') return value as HashOn;
      if (value === 'client-address' || value === 'path') return value;
      const [, kind, name = ''] = byName.exec(typeof value === 'string' ? value : '') ?? [];
      if (!isToken(name)) return undefined;
      return kind === 'header' ? `header:${toLowerAscii(name)}` : `cookie:${name}`;
    },
  }),
  ...groupOptions,
  /**
   * Origins that chooseBackend may return, such as "https://api.example.com:8443", "https://*.example.com" or "*.example.com".
   * Default: none. Error: 500.
   */
  allowBackends: custom<readonly string[] | null, readonly string[]>({
    group,
    kind: 'origins',
    prose:
      'Origins that chooseBackend may return, such as "https://api.example.com:8443", "https://*.example.com" or "*.example.com".',
    default: Object.freeze([]),
    defaultText: 'none',
    accepts:
      'an array of origins such as "https://example.org:8443", "https://*.example.org" or "*.example.org", without path',
    answers: '500',
    text: listText(
      'ORIGIN,…',
      'origins such as "https://example.org:8443", "https://*.example.org" or "*.example.org", separated by commas',
    ),
    json: { type: 'array', items: { type: 'string' } },
    check: (value) => {
      if (value === null) return Object.freeze([]);
      if (!Array.isArray(value)) return undefined;
      const patterns = value.map(readBackendPattern).filter((one) => one !== null);
      return patterns.length === value.length ? Object.freeze(patterns) : undefined;
    },
  }),
  /**
   * Backends that chooseBackend names by URL whose connections are kept; those not used for longest are closed first.
   * Default: 1000. If exceeded: 503.
   */
  maxOrigins: count({
    group,
    prose:
      'Backends that chooseBackend names by URL whose connections are kept; those not used for longest are closed first.',
    default: 1000,
    answers: '503',
  }),
});

// Named table by table: declaration files keep the comments of a table's own file only.
export interface BalancingInput extends OptionInput<typeof balancingOptions> {}
