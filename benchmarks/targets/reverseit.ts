/** ReverseIt; the second argument is a JSON object of options. */
import { createServer, type ReverseItOptions } from '@reverseit/node';
import { serveParent } from './protocol.ts';

const backend = `http://127.0.0.1:${process.argv[2]}`;
const { routes = 0, ...options } = JSON.parse(process.argv[3] ?? '{}') as ReverseItOptions & {
  routes?: number;
};
const server = createServer({
  backend,
  ...options,
  ...(routes === 0
    ? {}
    : { routes: Array.from({ length: routes }, (_, i) => ({ path: i === 0 ? '/' : `/r/${i}` })) }),
} as ReverseItOptions);
const address = await server.listen({ host: '127.0.0.1', port: 0 });
if ('port' in address) serveParent(address.port);
