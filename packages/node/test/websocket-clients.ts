/**
 * What the clients of the WebSocket suites speak to the proxy: HTTP/1.1, or HTTP/2 through a bridge before it
 * (RFC 8441). A suite runs with the first; `websocket-over-http2.test.ts` runs it with the second.
 */
import { testCertificates } from '@reverseit/test-servers/certificates';
import type { RawClientOptions } from '@reverseit/test-servers/raw-client';
import { startWebSocketBridge } from '@reverseit/test-servers/websocket-bridge';
import type { Address, ReverseItOptions } from '../src/index.ts';

/** Where clients come in. */
export interface Front {
  /** On 127.0.0.1; 0 where the proxy itself is on a unix socket. */
  readonly port: number;
  /** How a client connects that would connect to the proxy like this. */
  reach<T extends RawClientOptions>(options: T): Omit<T, 'socketPath' | 'tls'>;
  close(): Promise<void>;
}

interface ClientKind {
  /** Options of a proxy with such clients. */
  readonly options: Partial<ReverseItOptions>;
  /** `secure`: the proxy speaks TLS. */
  open(address: Address, secure: boolean): Promise<Front>;
}

const clientKinds = {
  http1: {
    options: {},
    async open(address) {
      const port = 'port' in address ? address.port : 0;
      return { port, reach: (options) => ({ port, ...options }), close: async () => {} };
    },
  },
  http2: {
    options: { protocols: ['http2'] },
    async open(address, secure) {
      const bridge = await startWebSocketBridge({
        ...('path' in address ? { socketPath: address.path } : { port: address.port }),
        ...(secure ? { tls: { ca: testCertificates().ca } } : {}),
      });
      const { port } = bridge;
      return {
        port,
        // The bridge speaks TLS, or to a unix socket, and not its clients.
        reach: ({ socketPath: _path, tls: _tls, ...options }) => ({ port, ...options }),
        close: () => bridge.close(),
      };
    },
  },
} as const satisfies Record<string, ClientKind>;

export const overHttp2 = process.env.REVERSEIT_TEST_WEBSOCKETS === 'http2';

export const clients: ClientKind = clientKinds[overHttp2 ? 'http2' : 'http1'];
