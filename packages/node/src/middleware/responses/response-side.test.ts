import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { Http1Response } from './http1-response.ts';
import { Http2Response } from './http2-response.ts';

const value = '\xe9 \xc3\xa9';

it('RFC 9110 §15.2: HTTP/1.1 sends interim responses, where Node can', async () => {
  const server = http.createServer((_request, response) => {
    const side = new Http1Response(response);
    side.sendInterim(102, ['X-A', value]);
    side.sendInterim(104, ['X-A', '1', 'x-a', '2']);
    response.end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const request = http.get({ port, host: '127.0.0.1', agent: false });
  const got: unknown[] = [];
  request.on('information', ({ statusCode, rawHeaders }) => got.push([statusCode, rawHeaders]));
  const [response] = await once(request, 'response');
  response.resume();
  await once(response, 'end');
  server.close();
  await once(server, 'close');
  const all = [
    [102, ['X-A', value]],
    [104, ['X-A', '1', 'x-a', '2']],
  ];
  expect(got).toEqual('writeInformation' in http.ServerResponse.prototype ? all : []);
});

it('RFC 9113 §8.1: HTTP/2 sends interim responses', async () => {
  const server = http2.createServer((_request, response) => {
    const side = new Http2Response(response);
    side.sendInterim(102, ['X-A', value]);
    side.sendInterim(104, ['X-A', '1', 'x-a', '2']);
    response.end();
    // Too late.
    side.sendInterim(102, []);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const session = http2.connect(`http://127.0.0.1:${port}`);
  const stream = session.request();
  const got: unknown[] = [];
  stream.on('headers', (fields) => got.push([fields[':status'], fields['x-a']]));
  stream.resume();
  await once(stream, 'end');
  session.close();
  server.close();
  await once(server, 'close');
  expect(got).toEqual([
    [102, value],
    [104, '1, 2'],
  ]);
});
