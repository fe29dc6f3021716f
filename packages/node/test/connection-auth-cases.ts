/** What must hold before a backend that authenticates the connection, whoever listens for the clients. */
import { eventually, type RawClient, type ScriptedOrigin } from '@reverseit/test-servers';
import { expect, test } from 'vitest';
import { request } from './harness.ts';

export interface Front {
  readonly origin: ScriptedOrigin;
  connect(): Promise<RawClient>;
}

const get = (...fields: string[]): string => request('GET /', fields);
const post = (content: string, ...fields: string[]): string =>
  request('POST /', [...fields, `Content-Length: ${content.length}`], content);

/** `start` starts a proxy before `ntlmOrigin`. */
export function runConnectionAuthCases(start: () => Promise<Front>): void {
  test('a login serves the connection of its client, and no other', async () => {
    const it = await start();
    const [a, b] = [await it.connect(), await it.connect()];
    expect((await a.request(get())).status).toBe(401);
    const challenge = await a.request(get('Authorization: NTLM one'));
    expect([challenge.status, challenge.header('www-authenticate')]).toEqual([401, 'NTLM two']);
    const page = await a.request(get('Authorization: NTLM three-a'));
    expect([page.status, page.text]).toEqual([200, 'page of a, ']);

    expect((await b.request(get())).status).toBe(401);
    expect((await a.request(get())).text).toBe('page of a, ');
    await b.request(get('Authorization: NTLM one'));
    expect((await b.request(get('Authorization: NTLM three-b'))).text).toBe('page of b, ');
    expect((await a.request(post('content'))).text).toBe('page of a, content');
    expect(it.origin.connectionCount).toBe(2);

    await a.close();
    await eventually(() => it.origin.openConnections === 1, 'the connection of A to close');
    expect((await b.request(get())).text).toBe('page of b, ');
    await b.close();
    await eventually(() => it.origin.openConnections === 0, 'the connection of B to close');
  });

  test.for(['', 'content', 'c'.repeat(100_000)])('a login by POST (%#)', async (content) => {
    const it = await start();
    const client = await it.connect();
    const send = (message: string) =>
      client.request(post(content, `Authorization: NTLM ${message}`), { method: 'POST' });
    expect((await send('one')).status).toBe(401);
    const page = await send('three-a');
    expect([page.status, page.text]).toEqual([200, `page of a, ${content}`]);
    expect((await client.request(get())).text).toBe('page of a, ');
    expect(it.origin.connectionCount).toBe(1);
  });
}
