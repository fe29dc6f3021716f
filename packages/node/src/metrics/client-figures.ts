/** Figures of the connections of clients, as the admin listener shows them. */
import type { ProxyStats } from '@reverseit/admin';
import type { ServerStats } from '@reverseit/core';

export type ClientFigures = Pick<ProxyStats, 'connections' | 'http2'>;

/** Of a proxy that accepts none itself. */
export const noClients: ClientFigures = {
  connections: { open: 0, accepted: 0, dropped: 0 },
  http2: { connections: 0, accepted: 0, streams: 0, streamsOpened: 0 },
};

export const clientFigures = (stats: ServerStats): ClientFigures => ({
  connections: {
    open: stats.connections,
    accepted: stats.totalConnections,
    dropped: stats.totalDropped,
  },
  http2: {
    connections: stats.http2Connections,
    accepted: stats.totalHttp2Connections,
    streams: stats.http2Streams,
    streamsOpened: stats.totalHttp2Streams,
  },
});
