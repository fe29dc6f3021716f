/** Options of whom to believe about the client. */
import { addresses, choice, defineOptions, type OptionInput } from '@reverseit/core/options';

const group = 'Trusted proxies';

/** What trusted proxies write. */
export type TrustedHeaders = 'any' | 'x-forwarded' | 'forwarded';

export const trustOptions = defineOptions({
  /**
   * Proxies to believe about the client: addresses, ranges, "loopback", "private", "link-local", "cgnat", "unix". What others say is replaced.
   * Default: none.
   */
  trustedProxies: addresses({
    group,
    prose:
      'Proxies to believe about the client: addresses, ranges, "loopback", "private", "link-local", "cgnat", "unix". What others say is replaced.',
  }),
  /**
   * What trusted proxies write: "x-forwarded" (X-Forwarded-*), "forwarded" (RFC 7239), or "any": Forwarded only where no X-Forwarded-* is.
   * Default: "any".
   */
  trustedProxyHeaders: choice<TrustedHeaders>({
    group,
    prose:
      'What trusted proxies write: "x-forwarded" (X-Forwarded-*), "forwarded" (RFC 7239), or "any": Forwarded only where no X-Forwarded-* is.',
    values: ['any', 'x-forwarded', 'forwarded'],
    default: 'any',
  }),
});

/** As a user writes them. */
export type TrustInput = OptionInput<typeof trustOptions>;
