import { testCertificates } from '@reverseit/test-servers/certificates';
import { describe, expect, it } from 'vitest';
import { resolveProxyOptions } from '../resolve-proxy-options.ts';

const backend = 'http://h';
const { server: tls } = testCertificates();
const resolve = (listen: unknown, others: object = {}) =>
  resolveProxyOptions({ backend, ...others, listen });

describe('listen', () => {
  it.each<[listen: unknown, targets: readonly object[]]>([
    ['a:1', [{ host: 'a', port: 1 }]],
    [4000, [{ port: 4000 }]],
    ['unix:/x', [{ path: '/x' }]],
    [{ port: 1 }, [{ port: 1 }]],
    [{ host: '::1', port: 1 }, [{ host: '::1', port: 1 }]],
    [{ path: '/x' }, [{ path: '/x' }]],
    [{ path: '/x', mode: '0660' }, [{ path: '/x', mode: 0o660 }]],
    [{ path: '/x', mode: 0o600 }, [{ path: '/x', mode: 0o600 }]],
    [
      [80, 'a:1', { path: '/x' }],
      [{ port: 80 }, { host: 'a', port: 1 }, { path: '/x' }],
    ],
    [
      ['a:0', 'a:0'],
      [
        { host: 'a', port: 0 },
        { host: 'a', port: 0 },
      ],
    ],
  ])('%j', (listen, targets) => {
    expect(resolve(listen).listeners.map(({ target }) => target)).toEqual(targets);
  });

  it.each<[listen: unknown, fault: string]>([
    [null, 'listen: null is not accepted'],
    [-1, 'listen: -1 is not accepted; expected "HOST:PORT"'],
    [true, 'listen: true is not accepted'],
    [[], 'listen: [] is not accepted; expected "HOST:PORT"'],
    [[80, 'a'], 'listen[1]: "a" is not accepted; expected "HOST:PORT"'],
    [[[80]], 'listen[0]: [80] is not accepted'],
    [{}, 'listen: an object is not accepted'],
    [[{ host: 'a' }], 'listen[0]: port, path or fd required'],
    [{ port: '1' }, 'listen.port: "1" is not accepted; expected a port from 0 to 65535'],
    [{ host: 1, port: 1 }, 'listen.host: 1 is not accepted; expected a string'],
    [{ host: 'a b', port: 1 }, 'listen.host: "a b" is not accepted; expected a host name'],
    [{ path: '/x', port: 1 }, 'listen: expected either port, perhaps with host, or path'],
    [{ fd: 2 }, 'listen.fd: 2 is not accepted; expected a file descriptor from 3'],
    [{ fd: 3, port: 1 }, 'listen: expected fd alone, or port or path instead'],
    [{ path: '' }, 'listen.path: "" is not accepted; expected the path of a Unix socket'],
    [{ port: 1, mode: '0660' }, 'listen.mode: only a Unix socket has one; set path'],
    [{ path: '/x', mode: 660 }, 'listen.mode: 660 is not accepted; expected permissions in octal'],
    [[{ port: 1, hots: 'a' }], 'listen[0].hots: unknown option, given "a"; did you mean host?'],
    [['a:1', { host: 'a', port: 1 }], 'listen[1]: has the same address as listen[0]'],
    [['unix:/x', { path: '/x', mode: 0 }], 'listen[1]: has the same address as listen[0]'],
    [[{ port: 1, maxConnections: 0 }], 'listen[0].maxConnections: 0 is not accepted'],
    [{ port: 1, redirectToHttps: 'yes' }, 'listen.redirectToHttps: "yes" is not accepted'],
    [{ port: 1, redirectToHttps: { port: 0 } }, 'listen.redirectToHttps.port: 0 is not accepted'],
    [
      { port: 1, redirectToHttps: { status: 302 } },
      'listen.redirectToHttps.status: 302 is not accepted; expected 308 or 301',
    ],
    [
      { port: 1, redirectToHttps: { except: ['/a', '/../b'] } },
      'listen.redirectToHttps.except: ["/a", "/../b"] is not accepted; expected an array of paths',
    ],
    [
      [80, { port: 1, protocols: ['http2', 'http1'] }],
      'listen[1].protocols: without tls a listener speaks either http1 or http2',
    ],
    [
      { port: 1, redirectToHttps: true, tls },
      'listen.tls: a listener with redirectToHttps speaks plain HTTP; leave out tls',
    ],
  ])('%j is refused', (listen, fault) => {
    expect(() => resolve(listen)).toThrow(
      expect.objectContaining({ message: expect.stringContaining(fault) }),
    );
  });

  it.each<[listen: unknown[], beside: object]>([
    [[443, { port: 80, redirectToHttps: true }], { tls }],
    [[443, { path: '/x', tls: null }], { tls }],
    [[{ port: 443, tls }, 80], {}],
  ])(
    'without TLS beside one with it speaks HTTP/1.1, unless it says otherwise: %#',
    (listen, beside) => {
      const both = ['http2', 'http1'];
      const more = [...listen, { port: 81, tls: null, protocols: ['http2'] }];
      const { listeners } = resolve(more, { ...beside, protocols: both });
      expect(listeners.map(({ server }) => server.protocols)).toEqual([both, ['http1'], ['http2']]);
    },
  );

  it('has what the server says as its defaults', () => {
    const { listeners } = resolve(
      [
        80,
        { port: 81, tls: null, maxConnections: 5 },
        { port: 82, redirectToHttps: { port: 8443, except: ['/.well-known/acme-challenge/'] } },
      ],
      { tls, maxConnections: 9, keepAliveTimeout: 7 },
    );
    expect(
      listeners.map(({ server, redirect }) => [
        server.tls !== null,
        server.maxConnections,
        server.keepAliveTimeout,
        redirect,
      ]),
    ).toEqual([
      [true, 9, 7, null],
      [false, 5, 7, null],
      [false, 9, 7, { port: 8443, status: 308, except: ['/.well-known/acme-challenge'] }],
    ]);
  });
});
