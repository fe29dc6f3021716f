/** ReverseIt; the second argument is a JSON object of options. */
import { createServer, type ReverseItOptions } from '@reverseit/node';
import { serveParent } from './protocol.ts';

const backend = `http://127.0.0.1:${process.argv[2]}`;
/** A number of routes stands for as many that differ in their path alone. */
const { routes = 0, ...options } = JSON.parse(process.argv[3] ?? '{}') as Omit<
  ReverseItOptions,
  'routes'
> & { routes?: number | ReverseItOptions['routes'] };
const server = createServer({
  backend,
  ...options,
  ...(routes === 0
    ? {}
    : {
        routes:
          typeof routes === 'number'
            ? Array.from({ length: routes }, (_, i) => ({ path: i === 0 ? '/' : `/r/${i}` }))
            : routes,
      }),
} as ReverseItOptions);
const address = await server.listen({ host: '127.0.0.1', port: 0 });
if ('port' in address) serveParent(address.port);
