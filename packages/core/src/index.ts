export type { ResolvedServerOptions, ServerOptions } from './server/server-options.ts';
export { resolveServerOptions, serverOptions } from './server/server-options.ts';
