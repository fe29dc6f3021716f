import { RESPONSE, ResponseParser } from '@reverseit/core/http1';
import { expect, test } from 'vitest';
import { emptyResponse, switchResponse } from './stand-in.ts';

function read(bytes: Buffer) {
  const parser = new ResponseParser(1000);
  const head = parser.readHead(bytes, 0);
  expect(parser.offset).toBe(bytes.length);
  expect(parser.state).toBe(RESPONSE.HEAD);
  parser.free();
  return { status: head?.status, fields: head?.fields };
}

test.each([200, 204, 304, 404, 599])('a response without content, %d', (status) => {
  const fields = ['content-length', '0'];
  expect(read(emptyResponse(status))).toEqual({ status, fields });
  expect(emptyResponse(status)).toBe(emptyResponse(status));
});

test('a switch of protocols (RFC 9110 §7.8)', () => {
  const fields = ['connection', 'upgrade', 'upgrade', 'websocket'];
  expect(read(switchResponse('websocket'))).toEqual({ status: 101, fields });
});
