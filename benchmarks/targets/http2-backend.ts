/** The backend of scenarios with HTTP/2 to it: in the clear, by prior knowledge. It answers as HttpService does. */
import { createHash } from 'node:crypto';
import { createServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { smallBytes } from '../scenarios/browser.ts';
import { serveParent } from './protocol.ts';

const content = Buffer.alloc(smallBytes, 'a');

/** A head as HTTP/1.1 would have it, an empty line, and the hash of the content. */
function answerSeen(request: Http2ServerRequest, response: Http2ServerResponse): void {
  const hash = createHash('sha1');
  request.on('data', (chunk: Buffer) => hash.update(chunk));
  request.on('end', () => {
    const { method, url, rawHeaders } = request;
    const lines = [`${method} ${url} HTTP/1.1`];
    for (let i = 0; i < rawHeaders.length; i += 2) {
      lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
    }
    response.end(`${lines.join('\r\n')}\r\n\r\n${hash.digest('hex')}`);
  });
}

const server = createServer((request, response) => {
  if (request.url.startsWith('/seen')) {
    answerSeen(request, response);
    return;
  }
  request.resume();
  response.writeHead(200, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': smallBytes,
  });
  response.end(content);
});
server.listen(0, '127.0.0.1', () => serveParent((server.address() as AddressInfo).port));
