/**
 * ReverseIt under a soak run: argument one is a JSON object of options. Answers each message with what it
 * holds, after a collection of garbage; at `close` it closes the server first.
 */
import { createServer, type ReverseItOptions, type ReverseItStats } from '@reverseit/node';
import { collectGarbage, type Ready } from './protocol.ts';

/** What the process holds. */
export interface Holdings {
  readonly rss: number;
  readonly heap: number;
  /** µs since the start. */
  readonly cpu: number;
  /** What keeps the process alive, by kind. */
  readonly resources: readonly string[];
  readonly stats: ReverseItStats;
}

const server = createServer(JSON.parse(process.argv[2] ?? '{}') as ReverseItOptions);

function holdings(): Holdings {
  collectGarbage();
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, external } = process.memoryUsage();
  return {
    rss,
    heap: heapUsed + external,
    cpu: user + system,
    resources: process.getActiveResourcesInfo(),
    stats: server.stats(),
  };
}

process.on('message', async (message) => {
  if (message === 'close') {
    await server.close();
    // Handles go a turn of the event loop after they are closed.
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  process.send?.(holdings());
});
process.on('disconnect', () => process.exit(0));
const address = await server.listen({ host: '127.0.0.1', port: 0 });
if ('port' in address) process.send?.({ type: 'ready', port: address.port } satisfies Ready);
