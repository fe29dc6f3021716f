import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** Both ends of a connection. */
export interface SocketPair {
  readonly accepted: Socket;
  readonly connecting: Socket;
  close(): Promise<void>;
}

/** Connects two sockets. The accepted one is half-open; so is the other, unless it ends with its peer. */
export async function connectPair(allowHalfOpen = true): Promise<SocketPair> {
  const listener = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as { port: number };
  const accepting = once(listener, 'connection');
  const connecting = connect({ port, host: '127.0.0.1', allowHalfOpen });
  const connected = once(connecting, 'connect');
  const [accepted] = (await accepting) as [Socket];
  await connected;
  return {
    accepted,
    connecting,
    async close() {
      accepted.destroy();
      connecting.destroy();
      listener.close();
      await once(listener, 'close');
    },
  };
}
