/**
 * A request and its response as Node's servers make them: over HTTP/1, or by the compatibility API over
 * HTTP/2.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';

export type NodeRequest = IncomingMessage | Http2ServerRequest;
export type NodeResponse = ServerResponse | Http2ServerResponse;

export function isHttp2Request(request: NodeRequest): request is Http2ServerRequest {
  // The version would not do: `HTTP/2.0` can be said over HTTP/1, and Node's parser takes it.
  return 'stream' in request;
}

export function isHttp2Response(response: NodeResponse): response is Http2ServerResponse {
  return 'stream' in response;
}

/** The response is over: it has been sent, or the client has left. */
export function isOver(response: NodeResponse): boolean {
  if (!isHttp2Response(response)) return response.destroyed;
  // A reset with NO_ERROR does not destroy a stream before its body is read.
  return response.stream.destroyed || response.stream.aborted;
}

/** An exchange that Node's server has made. */
interface NodeExchangeLike {
  readonly nodeRequest: NodeRequest;
}

/** The request of an exchange that Node's server has made; null where the server is ours. */
export function nodeRequestOf(exchange: object | NodeExchangeLike): NodeRequest | null {
  return 'nodeRequest' in exchange ? exchange.nodeRequest : null;
}
