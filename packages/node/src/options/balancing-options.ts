/** Options of a route that several backends serve. */
import { isToken, toLowerAscii } from '@reverseit/core/http';
import { custom, defineOptions, type OptionInput } from '@reverseit/core/options';
import { groupOptions } from '@reverseit/upstream/internal';
import type { HookRequest } from '../hooks/hooks.ts';

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
  /** What loadBalancing "hash" goes by. Default: "client-address". */
  hashOn: custom<HashOn, HashOn>({
    group,
    kind: 'hash-key',
    prose: 'What loadBalancing "hash" goes by.',
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
});

// Named table by table: declaration files keep the comments of a table's own file only.
export interface BalancingInput extends OptionInput<typeof balancingOptions> {}
