import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { json, text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { createHttpServer, type HttpServer, type RequestListener } from '../../index.ts';

const endsOf: RequestListener = (exchange) => {
  const { remoteAddress, remotePort, localAddress, localPort, encrypted, proxyHeader } = exchange;
  const ends = { remoteAddress, remotePort, localAddress, localPort, encrypted };
  exchange.respond(200, [], JSON.stringify({ ...ends, told: proxyHeader !== null }));
};

let server: HttpServer | null = null;
afterEach(async () => {
  await server?.close({ timeout: 0 });
});

/** What the server says of a connection that begins with these bytes. */
type Ask = (socket: Socket) => Promise<unknown>;

const overHttp1: Ask = async (socket) => {
  socket.write('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
  return JSON.parse((await text(socket)).split('\r\n\r\n')[1] ?? '');
};

const overHttp2: Ask = async (socket) => {
  const session = connectHttp2('http://a', { createConnection: () => socket });
  const answer = await json(session.request({ ':path': '/' }));
  session.destroy();
  return answer;
};

test.each<[name: string, protocol: 'http1' | 'http2', ask: Ask]>([
  ['HTTP/1.1', 'http1', overHttp1],
  ['HTTP/2', 'http2', overHttp2],
])(
  'both ends are those of the socket, or those that a PROXY header tells: %s',
  async (_, protocol, ask) => {
    const open = async (options: object): Promise<Socket> => {
      await server?.close({ timeout: 0 });
      server = createHttpServer({ protocols: [protocol], ...options }, endsOf);
      const { port } = (await server.listen({ host: '127.0.0.1', port: 0 })) as AddressInfo;
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      return socket;
    };

    const plain = await open({});
    const own = { remotePort: plain.localPort, localPort: plain.remotePort, encrypted: false };
    expect(await ask(plain)).toEqual({
      remoteAddress: '127.0.0.1',
      localAddress: '127.0.0.1',
      told: false,
      ...own,
    });

    const proxied = await open({ proxyProtocol: { from: ['127.0.0.1'] } });
    proxied.write('PROXY TCP4 192.0.2.1 198.51.100.7 54321 443\r\n');
    expect(await ask(proxied)).toEqual({
      remoteAddress: '192.0.2.1',
      remotePort: 54321,
      localAddress: '198.51.100.7',
      localPort: 443,
      encrypted: false,
      told: true,
    });
  },
);
