/** What we tell a client of ourselves (RFC 9113 §6.5). */
import type { RequestHeadLimits } from '../../http1/grammar/head-limits.ts';
import { SETTING } from '../../http2/protocol.ts';

/** Limits that a session applies. */
export interface Http2Limits extends RequestHeadLimits {
  readonly maxConcurrentStreams: number;
  readonly maxStreamResetsPerSecond: number;
}

/**
 * Content of requests that one stream, and all of a connection, may have waiting for us, in bytes. The first is
 * what an upload moves in a round trip; the second bounds what one client can have us hold.
 */
export const windows = { stream: 262_144, connection: 8_388_608 } as const;

/** What we tell a client. */
export function serverSettings(limits: Http2Limits): [id: number, value: number][] {
  const { maxConcurrentStreams, maxRequestHeaderBytes } = limits;
  return [
    [SETTING.MAX_CONCURRENT_STREAMS, maxConcurrentStreams],
    [SETTING.INITIAL_WINDOW_SIZE, windows.stream],
    [SETTING.MAX_HEADER_LIST_SIZE, maxRequestHeaderBytes],
    [SETTING.ENABLE_CONNECT_PROTOCOL, 1],
    [SETTING.NO_RFC7540_PRIORITIES, 1],
  ];
}
