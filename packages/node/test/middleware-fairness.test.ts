/** What one client may do to the others of a server of Node's. */
import { describe, expect, it } from 'vitest';
import { request, useMiddleware } from './middleware-rig.ts';

const start = useMiddleware();

describe('a share of the turn', () => {
  it('pipelined requests that are answered by a route are answered in order, others in between', async () => {
    let answered = 0;
    const rig = await start({
      options: {
        routes: [
          {
            path: '/',
            respond: ({ target }) => {
              answered++;
              return { body: target };
            },
          },
        ],
      },
    });
    const count = 2000;
    const attacker = await rig.connect();
    const victim = await rig.connect();
    attacker.send(
      Array.from({ length: count }, (_, i) =>
        request(`GET /${i}`, i === count - 1 ? ['Connection: close'] : []),
      ).join(''),
    );
    victim.send(request('GET /victim'));
    expect((await victim.readResponse()).text).toBe('/victim');
    expect(answered).toBeLessThan(count / 2);
    const text = (await attacker.readUntilEnd()).toString('latin1');
    expect(text.match(/\r\n\r\n\/\d+/g)?.map((found) => found.trim())).toEqual(
      Array.from({ length: count }, (_, i) => `/${i}`),
    );
  });

  it('content in chunks of one byte goes on in pieces of a read', async () => {
    const rig = await start({ options: { requestBodyBufferSize: 0 } });
    const client = await rig.connect();
    const count = 20_000;
    client.send(request('POST /', ['Transfer-Encoding: chunked']));
    client.send(`${'1\r\na\r\n'.repeat(count)}0\r\n\r\n`);
    expect((await client.readResponse()).text).toBe('ok');
    const [seen] = rig.origin.requests;
    expect(String(seen?.body)).toBe('a'.repeat(count));
    expect(seen?.chunks.length).toBeLessThan(100);
  });
});
