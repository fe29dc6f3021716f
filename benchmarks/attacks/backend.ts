/**
 * A backend that can be hostile: what comes after `/hostile/` in the target says how. Over HTTP/2 the
 * parent says it, for all requests.
 */
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { acceptWebSocket, HttpService, type TakeOver } from '../targets/http-service.ts';
import { answerParent } from './child.ts';
import { first, serverFrame } from './frames.ts';
import { type Http2Hostility, serveHttp2 } from './http2-backend.ts';
import { pour, pouredBytes } from './pour.ts';

/** What to do over HTTP/2 from now on, where that matters; the answer is how many bytes were poured so far. */
export interface BackendQuestion {
  readonly http2?: Http2Hostility;
}

/** Answers for ever: a beginning, then the same over and over. */
const endless =
  (head: string, piece: string): TakeOver =>
  (socket) => {
    socket.write(head);
    pour(socket, piece);
  };

const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

/** Accepts the WebSocket, reads and forgets what comes, and pours frames after a beginning. */
const frames =
  (piece: Buffer, beginning: Buffer = Buffer.alloc(0)): TakeOver =>
  (socket, head) => {
    acceptWebSocket(socket, head);
    socket.resume();
    socket.write(beginning);
    if (piece.length > 0) pour(socket, piece);
  };

const refusal = 'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';

const hostilities: Readonly<Record<string, TakeOver>> = {
  chunks: endless(chunked, '1\r\na\r\n'),
  extensions: endless(chunked, '3;x=1\r\nabc\r\n'),
  trailers: endless(`${chunked}0\r\n`, 'a: b\r\n'),
  fields: endless('HTTP/1.1 200 OK\r\n', 'a: b\r\n'),
  interim: endless('', 'HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n'),
  /** Reads the content and never answers. */
  silence: (socket) => socket.resume(),
  sink: frames(Buffer.alloc(0)),
  refusal: (socket) => socket.end(refusal),
  frames: frames(serverFrame(first.binary, 'a')),
  'empty frames': frames(serverFrame(first.binary)),
  fragments: frames(serverFrame(first.continuation, 'a'), serverFrame(first.openText, 'a')),
  pings: frames(serverFrame(first.ping)),
};

function hostilityOf(head: string): TakeOver | undefined {
  if (head.startsWith('PRI ')) return (socket, _, early) => serveHttp2(socket, early, http2);
  const name = /^\S+ \/hostile\/(\S+)/.exec(head)?.[1];
  return name === undefined ? undefined : hostilities[decodeURIComponent(name)];
}

let http2: Http2Hostility = 'data';

const open = new Set<Socket>();
const server = createServer({ noDelay: true }, (socket) => {
  open.add(socket);
  socket.on('close', () => open.delete(socket));
  new HttpService(socket, hostilityOf);
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  answerParent<number, BackendQuestion, number>(port, (question) => {
    if (question.http2 !== undefined && question.http2 !== http2) {
      http2 = question.http2;
      // What is pooled would go on as before.
      for (const socket of open) socket.destroy();
    }
    return pouredBytes();
  });
});
