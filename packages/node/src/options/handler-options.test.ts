import { describe, expect, it } from 'vitest';
import { resolveHandlerOptions } from './handler-options.ts';

const backend = 'http://h:1';

describe('resolveHandlerOptions', () => {
  it('takes the options of a proxy, the limits of heads and of sending among them', () => {
    const options = resolveHandlerOptions({
      backend,
      maxRequestTargetBytes: 10,
      maxRequestHeaders: 3,
      responseSendTimeout: 7,
      closeTimeout: 8,
    });
    expect(options.server).toMatchObject({
      maxRequestTargetBytes: 10,
      maxRequestHeaders: 3,
      responseSendTimeout: 7,
      maxRequestHeaderBytes: 65536,
    });
    expect(options.closeTimeout).toBe(8);
    expect(options.routes).toHaveLength(1);
  });

  it.each([
    ['listen', 4000],
    ['workers', 2],
    ['requestHeaderTimeout', 1],
    ['keepAliveTimeout', 1],
    ['maxConnections', 1],
    ['maxRequestsPerConnection', 1],
    ['halfClose', 'abort'],
    ['tls', { SNICallback: () => {} }],
  ])('refuses %s, which only a listener can apply', (key, value) => {
    expect(() => resolveHandlerOptions({ backend, [key]: value })).toThrow(
      `invalid option ${key}: not available in middleware`,
    );
  });

  it('tells it beside all other faults', () => {
    expect(() => resolveHandlerOptions({ listen: 4000, poolTimeout: -1 })).toThrow(
      /3 invalid options:.*listen.*poolTimeout.*backend/s,
    );
  });

  it('knows an option that is not given', () => {
    expect(resolveHandlerOptions({ backend, listen: undefined }).routes).toHaveLength(1);
  });
});
