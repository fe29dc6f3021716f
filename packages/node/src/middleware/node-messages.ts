/** A request and its response as Node's servers make them: over HTTP/1, or by the compatibility API over HTTP/2. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';

export type NodeRequest = IncomingMessage | Http2ServerRequest;
export type NodeResponse = ServerResponse | Http2ServerResponse;

export function isHttp2Request(request: NodeRequest): request is Http2ServerRequest {
  return request.httpVersionMajor === 2;
}

export function isHttp2Response(response: NodeResponse): response is Http2ServerResponse {
  return 'stream' in response;
}
