export type { AccessRules } from './access.ts';
export type { AdminListener, AdminListenerOptions } from './admin-listener.ts';
export { createAdminListener } from './admin-listener.ts';
export type { MetricFamily, Sample } from './metric-families.ts';
export { metricFamilies } from './metric-families.ts';
export type { MetricsText } from './prometheus-text.ts';
export { negotiatedText, openMetricsText, prometheusText } from './prometheus-text.ts';
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
export type { AdminTarget } from './target.ts';
