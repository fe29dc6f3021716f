export type { PoolOptions, ResolvedPoolOptions } from './upstream-options.ts';
export { poolOptions, resolvePoolOptions } from './upstream-options.ts';
