/** What has to hold of every recipe, and of some. */
import { once } from 'node:events';
import { connectRaw, guarded } from '@reverseit/test-servers';
import { io } from 'socket.io-client';
import { expect } from 'vitest';
import WebSocket from 'ws';
import { type Client, connectHttp1, connectHttp2 } from './client.ts';
import type { Recipe } from './run-recipe.ts';

export interface Check {
  readonly title: string;
  /** Recipes, by their headings; by default all. */
  readonly of?: RegExp;
  readonly run: (recipe: Recipe) => Promise<void>;
}

const page = 'The application itself.\n';

/** Over each version that the server speaks. */
async function withClients(recipe: Recipe, use: (client: Client) => Promise<void>): Promise<void> {
  const { port, ca } = recipe;
  // Those with a certificate speak HTTP/2.
  const clients = [connectHttp1(port, ca), ...(ca === undefined ? [] : [connectHttp2(port, ca)])];
  try {
    for (const client of clients) await use(client);
  } finally {
    for (const client of clients) client.close();
  }
}

function openWebSocket({ port, ca }: Recipe, path: string): WebSocket {
  return ca === undefined
    ? new WebSocket(`ws://127.0.0.1:${port}${path}`)
    : new WebSocket(`wss://127.0.0.1:${port}${path}`, { ca });
}

/** Sends a message and waits for its answer. */
async function exchange(socket: WebSocket, text: string): Promise<string> {
  if (socket.readyState !== WebSocket.OPEN) await guarded(once(socket, 'open'), 'a WebSocket');
  socket.send(text);
  const [data] = await guarded(once(socket, 'message'), 'a message');
  return String(data);
}

export const checks: readonly Check[] = [
  {
    title: 'the application serves what is its own',
    run: (recipe) =>
      withClients(recipe, async (client) => {
        for (let nth = 0; nth < 2; nth++) {
          const { status, body } = await client.ask();
          expect([status, body.toString()]).toEqual([200, page]);
        }
      }),
  },
  {
    title: 'the backend serves what lies under /api, and the path is taken away',
    run: (recipe) =>
      withClients(recipe, async (client) => {
        for (let nth = 0; nth < 2; nth++) {
          const { status, body } = await client.ask({ path: '/api/echo?a=1' });
          expect([status, JSON.parse(body.toString()).target]).toEqual([200, '/echo?a=1']);
        }
        expect((await client.ask({ path: '/api/status/404' })).body.toString()).toBe(
          'status 404\n',
        );
      }),
  },
  {
    title: 'cookies of both are set, and repeated fields kept',
    of: /^(?!Express, mounted)/,
    run: (recipe) =>
      withClients(recipe, async (client) => {
        const { fields } = await client.ask({ path: '/api/headers' });
        const cookies = [fields['set-cookie'] ?? []].flat().map((cookie) => cookie.split(';')[0]);
        expect(cookies).toEqual(['app=1', 'a=1', 'b=2']);
        expect(fields['x-repeated']).toBe('one, two');
        const own = [(await client.ask()).fields['set-cookie'] ?? []].flat();
        expect(own.map((cookie) => cookie.split(';')[0])).toEqual(['app=1']);
      }),
  },
  {
    title: 'content passes that a parser of the application would take',
    run: (recipe) =>
      withClients(recipe, async (client) => {
        const headers = { 'content-type': 'application/json' };
        const json = { method: 'POST', path: '/api/echo', headers, body: '{"a":1}' };
        const { body } = await client.ask(json);
        expect(JSON.parse(body.toString()).body).toBe('{"a":1}');
        const upload = { method: 'POST', path: '/api/upload', body: Buffer.alloc(1_000_000) };
        expect(JSON.parse((await client.ask(upload)).body.toString()).length).toBe(1_000_000);
      }),
  },
  {
    title: 'content of its own is read by it',
    of: /^(Express(, as.*)?|Fastify.*|Hono|NestJS)$/,
    run: (recipe) =>
      withClients(recipe, async (client) => {
        const headers = { 'content-type': 'application/json' };
        const note = { method: 'POST', path: '/notes', headers, body: '{"a":1}' };
        const { status, body } = await client.ask(note);
        expect([status, JSON.parse(body.toString())]).toEqual([201, { a: 1 }]);
      }),
  },
  {
    title: 'what it says of a client counts, and what a client says of itself does not',
    of: /^Express(, as.*)?$/,
    run: (recipe) =>
      withClients(recipe, async (client) => {
        const { body } = await client.ask({ path: '/api/echo', headers: { 'x-user': 'admin' } });
        expect(body.toString()).not.toContain('x-user');
      }),
  },
  {
    title: 'RFC 9110 §7.8: an offer of another protocol is as if it were not there',
    run: async ({ port, ca }) => {
      const tls = ca === undefined ? {} : { tls: { ca, servername: 'localhost' } };
      const client = await connectRaw({ port, ...tls });
      const offer =
        'Host: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n';
      const post = `POST /api/echo HTTP/1.1\r\n${offer}Content-Length: 5\r\n\r\nhello`;
      for (let nth = 0; nth < 2; nth++) {
        const own = await client.request(`GET / HTTP/1.1\r\n${offer}\r\n`);
        expect([own.status, own.text]).toEqual([200, page]);
        const proxied = await client.request(post);
        expect(JSON.parse(proxied.text).body).toBe('hello');
        expect(proxied.text).not.toMatch(/upgrade|http2-settings/i);
      }
      await client.close();
    },
  },
  {
    title: 'WebSockets pass, with the same path',
    run: async (recipe) => {
      const socket = openWebSocket(recipe, '/api/ws');
      expect(await exchange(socket, 'hello')).toBe('hello');
      // It stays open: the recipe closes it when it ends.
    },
  },
  {
    title: 'ws and socket.io have theirs',
    of: /^ws and socket\.io/,
    run: async (recipe) => {
      const chat = openWebSocket(recipe, '/chat');
      expect(await exchange(chat, 'hello')).toBe('chat: hello');
      for (const transports of [['websocket'], ['polling', 'websocket']]) {
        const socket = io(`http://127.0.0.1:${recipe.port}`, { transports, forceNew: true });
        try {
          const answer = new Promise((resolve) => socket.on('message', resolve));
          socket.send('hello');
          expect(await guarded(answer, 'an answer of socket.io')).toBe('io: hello');
          if (transports.length === 2) {
            const { engine } = socket.io;
            if (engine.transport.name !== 'websocket') {
              await guarded(
                new Promise((resolve) => engine.once('upgrade', resolve)),
                'its upgrade',
              );
            }
          }
        } finally {
          socket.close();
        }
      }
      expect(await exchange(chat, 'again')).toBe('chat: again');
      const stranger = openWebSocket(recipe, '/other');
      const [error] = await guarded(once(stranger, 'error'), 'a refusal');
      expect(String(error)).toContain('404');
    },
  },
];
