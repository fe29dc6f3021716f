/** gRPC end to end: `@grpc/grpc-js` as client and as server, the proxy between them. */
import {
  Client,
  type ClientOptions,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type ServiceError,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { deferred, guarded, patternBytes } from '@reverseit/test-servers';
import { testCertificates } from '@reverseit/test-servers/certificates';
import { useCensus } from '@reverseit/test-servers/use-server';
import { afterEach, describe, expect, test } from 'vitest';
import { createServer, type ReverseItServer } from '../src/index.ts';
import { type ListenerKind, listenerKinds, listeners } from './http2-clients-rig.ts';
import { whenIdle } from './when-idle.ts';

useCensus();

const same = (bytes: Buffer): Buffer => bytes;
const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/test.Echo/${name}`,
  requestStream,
  responseStream,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
});

const service = {
  unary: method('Unary', false, false),
  download: method('Download', false, true),
  upload: method('Upload', true, false),
  chat: method('Chat', true, true),
} satisfies ServiceDefinition;

/** Cancellations that the server has been told of. */
let onCancelled: (() => void) | null = null;

const implementation: UntypedServiceImplementation = {
  unary: (
    call: { request: Buffer; metadata: Metadata; on(event: string, listener: () => void): void },
    done: (error: Partial<ServiceError> | null, answer?: Buffer, trailer?: Metadata) => void,
  ) => {
    const text = String(call.request);
    call.on('cancelled', () => onCancelled?.());
    if (text === 'never') return;
    if (text === 'fail') {
      const metadata = new Metadata();
      metadata.set('x-detail', 'why');
      done({ code: status.FAILED_PRECONDITION, details: 'näh', metadata });
      return;
    }
    const trailer = new Metadata();
    trailer.set('x-trailer', String(call.metadata.get('x-sent')[0] ?? ''));
    done(null, call.request, trailer);
  },
  download: (call: { request: Buffer; write(bytes: Buffer): boolean; end(): void }) => {
    for (let i = 0; i < 100; i++) call.write(Buffer.from(`${call.request}${i}`));
    call.end();
  },
  upload: (
    call: AsyncIterable<Buffer>,
    done: (error: Partial<ServiceError> | null, answer?: Buffer) => void,
  ) => {
    void (async () => {
      let bytes = 0;
      for await (const piece of call) bytes += piece.length;
      done(null, Buffer.from(String(bytes)));
    })();
  },
  chat: (call: NodeJS.ReadWriteStream) => {
    call.on('data', (bytes: Buffer) => call.write(bytes));
    call.on('end', () => call.end());
  },
};

interface Rig {
  readonly client: Client;
  close(): Promise<void>;
}

const open: Rig[] = [];
afterEach(async () => {
  for (const rig of open.splice(0)) await rig.close();
});

async function begin(kind: ListenerKind, options: ClientOptions = {}): Promise<Client> {
  const server = new Server({ 'grpc.max_receive_message_length': -1 });
  server.addService(service, implementation);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  const proxy: ReverseItServer = createServer({
    logger: null,
    backend: `http://127.0.0.1:${port}`,
    pool: { protocols: ['http2'] },
    ...listeners[kind](),
  });
  const address = await proxy.listen({ host: '127.0.0.1', port: 0 });
  if (!('port' in address)) throw new Error('expected a port');
  const { ca } = testCertificates();
  const channel =
    kind === 'over TLS' ? credentials.createSsl(Buffer.from(ca)) : credentials.createInsecure();
  const client = new Client(`127.0.0.1:${address.port}`, channel, {
    'grpc.max_receive_message_length': -1,
    ...options,
  });
  open.push({
    client,
    async close() {
      client.close();
      await whenIdle(proxy);
      await proxy.close({ timeout: 0 });
      server.forceShutdown();
    },
  });
  return client;
}

interface Outcome {
  readonly answer: string;
  readonly code: number;
  readonly details: string;
  readonly trailer: Metadata;
}

function unary(
  client: Client,
  request: Buffer,
  metadata = new Metadata(),
  options: { deadline?: number } = {},
): { readonly outcome: Promise<Outcome>; cancel(): void } {
  const done = deferred<Outcome>();
  let answer = '';
  const { path } = service.unary;
  const call = client.makeUnaryRequest(path, same, same, request, metadata, options, (_, bytes) => {
    answer = bytes === undefined ? '' : bytes.toString('latin1');
  });
  call.on('status', ({ code, details, metadata: trailer }) =>
    // After the callback.
    setImmediate(() => done.resolve({ answer, code, details, trailer })),
  );
  return { outcome: guarded(done.promise, 'the status'), cancel: () => call.cancel() };
}

describe.each(listenerKinds)('%s', (kind) => {
  test('unary, with metadata both ways', async () => {
    const client = await begin(kind);
    const metadata = new Metadata();
    metadata.set('x-sent', 'value');
    metadata.set('x-bytes-bin', Buffer.from([0, 255]));
    const { answer, code, trailer } = await unary(client, Buffer.from('hello'), metadata).outcome;
    expect([answer, code, trailer.get('x-trailer')]).toEqual(['hello', status.OK, ['value']]);
  });

  test('an error is in the trailers alone', async () => {
    const client = await begin(kind);
    const { code, details, trailer } = await unary(client, Buffer.from('fail')).outcome;
    expect([code, details]).toEqual([status.FAILED_PRECONDITION, 'näh']);
    expect(trailer.get('x-detail')).toEqual(['why']);
  });

  test('a method that the server does not have', async () => {
    const client = await begin(kind);
    const done = deferred<number>();
    const call = client.makeUnaryRequest('/test.Echo/None', same, same, Buffer.alloc(0), () => {});
    call.on('status', ({ code }) => done.resolve(code));
    expect(await guarded(done.promise, 'the status')).toBe(status.UNIMPLEMENTED);
  });

  test('messages of 4 MB', async () => {
    const client = await begin(kind);
    const long = patternBytes(4_000_000);
    const { answer, code } = await unary(client, long).outcome;
    expect([code, answer.length]).toEqual([status.OK, long.length]);
  });

  test('a hundred calls at once', async () => {
    const client = await begin(kind);
    const calls = Array.from(
      { length: 100 },
      (_, i) => unary(client, Buffer.from(String(i))).outcome,
    );
    expect((await Promise.all(calls)).map(({ answer }) => answer)).toEqual(
      Array.from({ length: 100 }, (_, i) => String(i)),
    );
  });

  test('server streaming', async () => {
    const client = await begin(kind);
    const { path } = service.download;
    const call = client.makeServerStreamRequest(path, same, same, Buffer.from('n'));
    const pieces: string[] = [];
    for await (const piece of call) pieces.push(String(piece));
    expect(pieces).toEqual(Array.from({ length: 100 }, (_, i) => `n${i}`));
  });

  test('client streaming', async () => {
    const client = await begin(kind);
    const done = deferred<string>();
    const { path } = service.upload;
    const call = client.makeClientStreamRequest(path, same, same, (error, answer) => {
      if (error === null) done.resolve(String(answer));
      else done.reject(error);
    });
    for (let i = 0; i < 50; i++) call.write(Buffer.alloc(10_000));
    call.end();
    expect(await guarded(done.promise, 'the answer')).toBe('500000');
  });

  test('both ways, message by message', async () => {
    const client = await begin(kind);
    const call = client.makeBidiStreamRequest(service.chat.path, same, same);
    let heard = deferred<string>();
    call.on('data', (bytes: Buffer) => heard.resolve(String(bytes)));
    const ended = deferred<number>();
    call.on('status', ({ code }) => ended.resolve(code));
    for (let i = 0; i < 20; i++) {
      heard = deferred<string>();
      call.write(Buffer.from(`ping ${i}`));
      expect(await guarded(heard.promise, 'the echo')).toBe(`ping ${i}`);
    }
    call.end();
    expect(await guarded(ended.promise, 'the status')).toBe(status.OK);
  });

  test('a deadline, of which the server hears', async () => {
    const cancelled = deferred();
    onCancelled = () => cancelled.resolve();
    const client = await begin(kind);
    const call = unary(client, Buffer.from('never'), new Metadata(), {
      deadline: Date.now() + 300,
    });
    expect((await call.outcome).code).toBe(status.DEADLINE_EXCEEDED);
    await guarded(cancelled.promise, 'the cancellation at the server');
    // The connection goes on.
    expect((await unary(client, Buffer.from('next')).outcome).answer).toBe('next');
  });

  test('a cancellation', async () => {
    const cancelled = deferred();
    onCancelled = () => cancelled.resolve();
    const client = await begin(kind);
    const call = client.makeBidiStreamRequest(service.chat.path, same, same);
    call.on('error', () => {});
    const heard = deferred();
    call.on('data', () => heard.resolve());
    call.write(Buffer.from('x'));
    await guarded(heard.promise, 'the echo');
    const ended = deferred<number>();
    call.on('status', ({ code }) => ended.resolve(code));
    call.cancel();
    expect(await guarded(ended.promise, 'the status')).toBe(status.CANCELLED);
  });

  test('a client with keep-alive pings', async () => {
    const client = await begin(kind, {
      'grpc.keepalive_time_ms': 1000,
      'grpc.keepalive_permit_without_calls': 1,
    });
    expect((await unary(client, Buffer.from('a')).outcome).answer).toBe('a');
  });
});
