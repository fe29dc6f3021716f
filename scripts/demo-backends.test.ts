import { createServer, type ReverseItServer } from '@reverseit/node';
import { useCensus } from '@reverseit/test-servers/use-server';
import { expect, it } from 'vitest';
import { startDemoBackends } from './lib/demo-backends.mjs';

useCensus();

it('npm start: a backend that is stopped loses no request', async () => {
  const demo = await startDemoBackends();
  const server: ReverseItServer = createServer({
    logger: null,
    routes: demo.routes(() => server.backends('/demo')),
  });
  try {
    const address = await server.listen({ host: '127.0.0.1', port: 0 });
    const port = 'port' in address ? address.port : 0;
    const ask = async (path: string) => {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
        headers: { connection: 'close' },
      });
      return `${answer.status} ${await answer.text()}`;
    };
    expect(await ask('/demo/stop')).toBe('200 Stopped demo-1.\n');
    const answers = new Set<string>();
    for (let i = 0; i < 20; i++) answers.add(await ask('/demo'));
    expect([...answers].sort()).toEqual(['200 This is demo-2.\n', '200 This is demo-3.\n']);
    expect(await ask('/demo/state')).toMatch(/^200 demo-1: ejected, \d+ requests\ndemo-2: healthy/);
    expect(await ask('/demo/start')).toBe('200 Started demo-1.\n');
  } finally {
    await server.close({ timeout: 0 });
    await demo.close();
  }
});
