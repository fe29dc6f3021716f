/** The SDK of OpenTelemetry as Node loads it: Vitest would take builds that are for bundlers. */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

export const { propagation, SpanKind, SpanStatusCode, trace } =
  require('@opentelemetry/api') as typeof import('@opentelemetry/api');
export const { W3CTraceContextPropagator } =
  require('@opentelemetry/core') as typeof import('@opentelemetry/core');
export const {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  ParentBasedSampler,
  SimpleSpanProcessor,
} = require('@opentelemetry/sdk-trace-base') as typeof import('@opentelemetry/sdk-trace-base');
