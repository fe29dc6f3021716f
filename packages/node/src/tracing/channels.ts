/**
 * Requests on `node:diagnostics_channel`, for tools that the proxy knows nothing of. Both transports publish alike. What
 * nobody has subscribed to by the time that a request begins costs it a look at the channels.
 */
import { channel } from 'node:diagnostics_channel';
import type { ReverseItError } from '@reverseit/core/errors';
import type { AccessRecord, HookRequest, RequestInfo } from '../hooks/hooks.ts';

/** One object for each request: the same in every message about it. */
export interface RequestMessage {
  /** What hooks see of the request; to be read only. */
  readonly request: HookRequest;
  /** What the hooks of the request share. */
  readonly context: RequestInfo;
  /** Null until the request is over. */
  record: AccessRecord | null;
  /** Why the request failed; null where it did not, or not yet. */
  error: ReverseItError | null;
}

/** One object for each attempt at a backend. */
export interface UpstreamMessage {
  /** The request that it is for, as in `reverseit:request:*`. */
  readonly request: RequestMessage;
  /** Origin of the backend, such as `http://127.0.0.1:8080`. */
  readonly backend: string;
  /** Counted from 1. */
  readonly attempt: number;
  /** Whether the connection carried another request before. */
  readonly reused: boolean;
  /** Of the response; 0 before it. */
  status: number;
  /** Why the attempt failed; null where it did not, or not yet. */
  error: ReverseItError | null;
}

/** One object for each WebSocket. */
export interface WebSocketMessage {
  /** The request that asked for it, as in `reverseit:request:*`. */
  readonly request: RequestMessage;
  /** Why it ended, where something went wrong. */
  error: ReverseItError | null;
}

export const channels = {
  requestStart: channel('reverseit:request:start'),
  requestFinish: channel('reverseit:request:finish'),
  requestError: channel('reverseit:request:error'),
  upstreamStart: channel('reverseit:upstream:start'),
  upstreamResponse: channel('reverseit:upstream:response'),
  upstreamFinish: channel('reverseit:upstream:finish'),
  upstreamError: channel('reverseit:upstream:error'),
  websocketOpen: channel('reverseit:websocket:open'),
  websocketClose: channel('reverseit:websocket:close'),
} as const;

/** Whether anybody listens. */
export function isObserved(): boolean {
  return (
    channels.requestStart.hasSubscribers ||
    channels.requestFinish.hasSubscribers ||
    channels.requestError.hasSubscribers ||
    channels.upstreamStart.hasSubscribers ||
    channels.upstreamResponse.hasSubscribers ||
    channels.upstreamFinish.hasSubscribers ||
    channels.upstreamError.hasSubscribers ||
    channels.websocketOpen.hasSubscribers ||
    channels.websocketClose.hasSubscribers
  );
}
