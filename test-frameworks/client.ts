/** One request, over HTTP/1.1 or HTTP/2, and what came back. */
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';

export interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Told of each piece of content as it comes. */
  readonly onData?: (piece: Buffer) => void;
}

export interface Answer {
  readonly status: number;
  readonly fields: Readonly<Record<string, string | string[] | undefined>>;
  readonly names: readonly string[];
  readonly body: Buffer;
}

export interface Client {
  ask(asked?: Asked): Promise<Answer>;
  close(): void;
}

/** The certificate authority of a server that speaks TLS. */
type Trusted = string | undefined;

/** A client with one connection, which it keeps. */
export function connectHttp1(port: number, ca: Trusted = undefined): Client {
  const one = { keepAlive: true, maxSockets: 1 };
  const { Agent, request: ask } = ca === undefined ? http : https;
  const agent = new Agent(one);
  const trust = ca === undefined ? {} : { ca, servername: 'localhost' };
  return {
    ask: ({ method = 'GET', path = '/', headers = {}, body, onData } = {}) =>
      new Promise((resolve, reject) => {
        const options = { port, host: '127.0.0.1', agent, method, path, headers, ...trust };
        const request = ask(options, (response) => {
          const pieces: Buffer[] = [];
          response.on('data', (piece: Buffer) => {
            pieces.push(piece);
            onData?.(piece);
          });
          response.on('error', reject);
          response.on('end', () => {
            const { statusCode: status = 0, headers: fields, rawHeaders } = response;
            const names = rawHeaders.filter((_, i) => i % 2 === 0);
            resolve({ status, fields, names, body: Buffer.concat(pieces) });
          });
        });
        request.on('error', reject);
        request.end(body);
      }),
    close: () => agent.destroy(),
  };
}

export function connectHttp2(port: number, ca: Trusted = undefined): Client {
  const session =
    ca === undefined
      ? http2.connect(`http://127.0.0.1:${port}`)
      : http2.connect(`https://127.0.0.1:${port}`, { ca, servername: 'localhost' });
  // Its requests tell.
  session.on('error', () => undefined);
  return {
    ask: ({ method = 'GET', path = '/', headers = {}, body, onData } = {}) =>
      new Promise((resolve, reject) => {
        const request = session.request({ ':method': method, ':path': path, ...headers });
        let fields: http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader = {};
        const pieces: Buffer[] = [];
        request.on('response', (given) => {
          fields = given;
        });
        request.on('data', (piece: Buffer) => {
          pieces.push(piece);
          onData?.(piece);
        });
        request.on('error', reject);
        request.on('end', () => {
          const status = fields[':status'] ?? 0;
          const names = Object.keys(fields).filter((name) => !name.startsWith(':'));
          resolve({ status, fields, names, body: Buffer.concat(pieces) });
        });
        request.end(body);
      }),
    close: () => session.destroy(),
  };
}
