/** Options of whom to believe about the client. */
import { addresses, choice, defineOptions, type OptionInput } from '@reverseit/core/options';

const group = 'Trusted proxies';

/** What trusted proxies write. */
export type TrustedHeaders = 'any' | 'x-forwarded' | 'forwarded';

export const trustOptions = defineOptions({
  /**
   * Proxies whose X-Forwarded-* and Forwarded count: addresses, ranges, or names such as "private". Those of others are replaced.
   * Default: none.
   */
  trustedProxies: addresses({
    group,
    prose:
      'Proxies whose X-Forwarded-* and Forwarded count: addresses, ranges, or names such as "private". Those of others are replaced.',
  }),
  /**
   * What trusted proxies write: X-Forwarded-*, Forwarded (RFC 7239), or "any": Forwarded only where there is no X-Forwarded-*.
   * Default: "any".
   */
  trustedProxyHeaders: choice<TrustedHeaders>({
    group,
    prose:
      'What trusted proxies write: X-Forwarded-*, Forwarded (RFC 7239), or "any": Forwarded only where there is no X-Forwarded-*.',
    values: ['any', 'x-forwarded', 'forwarded'],
    default: 'any',
  }),
});

/** As a user writes them. */
export type TrustInput = OptionInput<typeof trustOptions>;
