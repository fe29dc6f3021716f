/**
 * `npm run test-servers`: keeps the friendly and the misbehaving origin up for hand use, says where
 * they are, and closes them on SIGINT or SIGTERM.
 */
import { parseArgs } from 'node:util';
import { startFriendlyOrigin } from './friendly-origin.ts';
import { startLenientOrigin } from './lenient-origin.ts';
import { startMisbehavingOrigin } from './misbehaving-origin.ts';

const usage = `Usage: npm run test-servers -- [--port PORT] [--host HOST]

Starts a friendly backend on PORT (default 5000), a misbehaving one on PORT + 1 and a lenient one on
PORT + 2. With --port 0 they take free ports.
`;

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '5000' },
    host: { type: 'string', default: '127.0.0.1' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) process.stdout.write(usage);
else if (!/^[0-9]{1,5}$/.test(values.port) || Number(values.port) > 65_533) {
  process.stderr.write(`--port ${values.port}: expected a port number\n${usage}`);
  process.exitCode = 2;
} else {
  try {
    await serve(Number(values.port), values.host);
  } catch (error) {
    process.stderr.write(`cannot listen: ${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}

async function serve(port: number, host: string): Promise<void> {
  const nth = (offset: number): number => (port === 0 ? 0 : port + offset);
  const friendly = await startFriendlyOrigin({ port: nth(0), host });
  const servers: { close(): Promise<void> }[] = [friendly];
  try {
    const misbehaving = await startMisbehavingOrigin({
      port: nth(1),
      host,
      maxRecords: 0,
      maxRecordedBytes: 0,
    });
    servers.push(misbehaving);
    const lenient = await startLenientOrigin({ port: nth(2), host, maxBelieved: 0 });
    servers.push(lenient);
    process.stdout.write(`friendly     ${friendly.url}  /hello /api/items /echo /bytes/N /chunked/N /upload
             /delay/MS /stream /sse /status/N /headers /trailers /redirect
             /early-hints /slow-body /drip, WebSocket echo on /ws
misbehaving  ${misbehaving.url}  / lists what it can do
lenient      ${lenient.url}  believes what a naive backend believes
Ctrl-C ends them.
`);
  } catch (error) {
    for (const server of servers) await server.close();
    throw error;
  }
  let closing = false;
  const close = (): void => {
    if (closing) return;
    closing = true;
    for (const server of servers) void server.close();
  };
  process.on('SIGINT', close).on('SIGTERM', close);
}
