/** Spans of a WebSocket, and what is published of it. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { eventually } from '@reverseit/test-servers';
import { expect, it } from 'vitest';
import type { ReverseItOptions } from '../src/index.ts';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  propagation,
  SimpleSpanProcessor,
  SpanKind,
  trace,
  W3CTraceContextPropagator,
} from './open-telemetry.ts';
import { useWebSocketRig } from './websocket-rig.ts';

const start = useWebSocketRig();

async function openAndClose(proxy: Partial<ReverseItOptions>): Promise<void> {
  const rig = await start({ proxy });
  const { client, backend } = await rig.open();
  await client.sendClose(1000);
  await backend.readClose();
  await backend.sendClose(1000);
  backend.socket.end();
  client.socket.end();
}

it('has a server span and a client span', async () => {
  const exporter = new InMemorySpanExporter();
  const spanProcessors = [new SimpleSpanProcessor(exporter)];
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors }));
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  await openAndClose({ tracing: true });
  const all = await eventually(() => {
    const spans = exporter.getFinishedSpans();
    return spans.length === 2 && spans;
  }, 'both spans');
  trace.disable();
  propagation.disable();
  expect(
    all.map(({ kind, attributes }) => [kind, attributes['http.response.status_code']]),
  ).toEqual([
    [SpanKind.CLIENT, 101],
    [SpanKind.SERVER, 101],
  ]);
});

it('is published when it opens and when it closes', async () => {
  const heard: string[] = [];
  const channels = [
    'request:start',
    'upstream:start',
    'upstream:response',
    'upstream:finish',
    'websocket:open',
    'websocket:close',
    'request:finish',
  ];
  const listeners = channels.map((name) => {
    const listener = (): void => void heard.push(name);
    subscribe(`reverseit:${name}`, listener);
    return () => unsubscribe(`reverseit:${name}`, listener);
  });
  await openAndClose({});
  await eventually(() => heard.includes('request:finish'), 'the end');
  for (const stop of listeners) stop();
  expect(heard).toEqual(channels);
});
