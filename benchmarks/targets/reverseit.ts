/** ReverseIt with its defaults. */
import { createServer } from '@reverseit/node';
import { serveParent } from './protocol.ts';

const server = createServer({ backend: `http://127.0.0.1:${process.argv[2]}` });
const address = await server.listen({ host: '127.0.0.1', port: 0 });
if ('port' in address) serveParent(address.port);
