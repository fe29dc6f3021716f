export type {
  BackendState,
  BackendStats,
  HistogramStats,
  PoolStats,
  ProcessStats,
  ProxyStats,
  RequestCounts,
  RouteStats,
  StatusClass,
  WebSocketStats,
} from './stats.ts';
