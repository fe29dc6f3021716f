/** In place of `src/options/default-transport.ts` where the tests run over `direct` (vitest.config.ts). */
export const defaultTransport: 'undici' | 'direct' = 'direct';
