import { describe, expect, it } from 'vitest';
import { parseArguments } from './arguments.ts';

const parse = (...args: string[]) =>
  parseArguments(args, (path) => {
    if (path === 'missing.pem') throw new Error('no such file');
    return `content of ${path}`;
  });

const faultsOf = (...args: string[]): readonly string[] =>
  parse(...args).faults.map(({ key, message }) => `${key}: ${message}`);

describe('parseArguments', () => {
  it.each<[args: string[], options: unknown]>([
    [[], {}],
    [['--backend', 'http://h'], { backend: 'http://h' }],
    [['--backend=http://h?a=b'], { backend: 'http://h?a=b' }],
    [['--max-request-headers', '5'], { maxRequestHeaders: 5 }],
    [['--max-request-body-size', 'infinity'], { maxRequestBodySize: Number.POSITIVE_INFINITY }],
    // What stands for no value is left for the table to refuse.
    [['--max-request-headers', '5k'], { maxRequestHeaders: '5k' }],
    [['--max-request-headers='], { maxRequestHeaders: '' }],
    [['--max-request-headers=-5'], { maxRequestHeaders: '-5' }],
    [['--pool-size', '3', '--no-verify-tls'], { pool: { poolSize: 3, verifyTls: false } }],
    [['--send-proxy-protocol', 'v2'], { pool: { sendProxyProtocol: 'v2' } }],
    [['--no-send-proxy-protocol'], { pool: { sendProxyProtocol: false } }],
    [['--verify-tls'], { pool: { verifyTls: true } }],
    [['--verify-tls=false'], { pool: { verifyTls: false } }],
    [['--verify-tls=no'], { pool: { verifyTls: 'no' } }],
    [['--verify-tls', 'false'], { pool: { verifyTls: false } }],
    [['--verify-tls', 'true', '--no-via'], { pool: { verifyTls: true }, via: false }],
    [['--websocket-compress', '--via', 'true'], { websocketCompress: true, via: 'true' }],
    [
      ['--websocket-compress', 'true', '--pool-size', '3'],
      { websocketCompress: true, pool: { poolSize: 3 } },
    ],
    // For the table to refuse, with what it expects.
    [['--websocket-compress', 'yes'], { websocketCompress: 'yes' }],
    [['--websocket-compress', ''], { websocketCompress: '' }],
    [['--via', 'edge'], { via: 'edge' }],
    [['--no-via'], { via: false }],
    [['--forwarded-headers', 'false'], { forwardedHeaders: false }],
    [['--no-forwarded-headers'], { forwardedHeaders: false }],
    [['--protocols', 'http1,http2'], { pool: { protocols: ['http1', 'http2'] } }],
    [['--protocols', 'http1', '--protocols', 'http2'], { pool: { protocols: ['http1', 'http2'] } }],
    [
      ['--add-headers', 'a: 1', '--add-headers', 'a:2'],
      {
        addHeaders: [
          ['a', '1'],
          ['a', '2'],
        ],
      },
    ],
    [['--remove-headers', 'a', '--remove-headers', 'b'], { removeHeaders: ['a', 'b'] }],
    [['--access-log', '-'], { accessLog: '-' }],
    [['--request-id'], { requestId: true }],
    [['--no-request-id'], { requestId: false }],
    [['--request-id-trust'], { requestId: { trust: true } }],
    [['--request-id', '--request-id-header', 'x-trace'], { requestId: { header: 'x-trace' } }],
    [['--request-id-header', 'x-trace', '--request-id'], { requestId: { header: 'x-trace' } }],
    [['--error-response-status', '503'], { errorResponse: { status: 503 } }],
    [
      ['--tls-key', 'k.pem', '--tls-cert', 'c.pem'],
      { tls: { key: 'content of k.pem', cert: 'content of c.pem' } },
    ],
    [['--backend-tls-ca', 'ca.pem'], { pool: { tls: { ca: 'content of ca.pem' } } }],
    [
      ['--backend-tls-min-version', 'TLSv1.3', '--backend-tls-ciphers', 'DEFAULT'],
      { pool: { tls: { minVersion: 'TLSv1.3', ciphers: 'DEFAULT' } } },
    ],
    [
      ['--backend-tls-passphrase', 'open', '--backend-tls-allow-partial-trust-chain'],
      { pool: { tls: { passphrase: 'open', allowPartialTrustChain: true } } },
    ],
    [['--backend-tls-crl', 'crl.pem'], { pool: { tls: { crl: 'content of crl.pem' } } }],
  ])('%j', (args, options) => {
    const parsed = parse(...args);
    expect(parsed.faults).toEqual([]);
    expect(parsed.options).toEqual(options);
  });

  it.each<[args: string[], faults: string[]]>([
    [['--pool-tiemout', '5'], ['--pool-tiemout: unknown option; did you mean --pool-timeout?']],
    [
      ['--frobnicate', '3', '4'],
      [
        '--frobnicate: unknown option; --help lists all options',
        '4: unexpected argument; options start with --',
      ],
    ],
    [
      ['--frobnicate=3', 'http://user:secret@a'],
      [
        '--frobnicate: unknown option; --help lists all options',
        'http://…@a: unexpected argument; options start with --',
      ],
    ],
    [
      ['--add-headers', 'x'],
      ['--add-headers: a string of 1 characters is not accepted; expected "NAME: VALUE"'],
    ],
    [['--add-headers'], ['--add-headers: needs a value; expected "NAME: VALUE"']],
    [['--tls-key'], ['--tls-key: needs a value; expected the name of a PEM file']],
    [['--poolTimeout=5'], ['--poolTimeout: unknown option; did you mean --pool-timeout?']],
    [['--no-poolsize'], ['--no-poolsize: unknown option; did you mean --pool-size?']],
    [['--no-pool-size'], ['--no-pool-size: unknown option; did you mean --pool-size?']],
    [['--frobnicate'], ['--frobnicate: unknown option; --help lists all options']],
    [['-x'], ['-x: unknown option; --help lists all options']],
    [['--__proto__=1'], ['--__proto__: unknown option; --help lists all options']],
    [['serve'], ['serve: unexpected argument; options start with --']],
    [['--', '--backend'], ['--backend: unexpected argument; options start with --']],
    [['--backend'], [expect.stringMatching(/^--backend: needs a value; expected a URL/)]],
    [['--path', '--check'], [expect.stringMatching(/^--path: needs a value/)]],
    [['--path', '/a', '--path', '/b'], ['--path: given twice']],
    [['--no-via=1'], ['--no-via: takes no value']],
    [['--no-verify-tls', 'true'], ['--no-verify-tls: takes no value']],
    [
      ['--websocket-compress', 'true', 'false'],
      ['false: unexpected argument; options start with --'],
    ],
    [['--websocket-compress=true', 'false'], ['false: unexpected argument; options start with --']],
    [
      ['--websocket-compress', '--', 'false'],
      ['false: unexpected argument; options start with --'],
    ],
    [['--check', 'true'], ['true: unexpected argument; options start with --']],
    [['--verify-tls', 'true', '--no-verify-tls'], ['--no-verify-tls: given twice']],
    [['--check=1'], ['--check: takes no value']],
    [['--config'], ['--config: needs a file name']],
    [['--config', 'a', '--config', 'b'], ['--config: given twice']],
    [['--tls-key', 'missing.pem'], ['--tls-key: cannot read the file: no such file']],
  ])('%j is refused', (args, faults) => expect(faultsOf(...args)).toEqual(faults));

  it('knows the flags of the command, long and short', () => {
    expect(parse('--help', '--version', '--check', '--config', 'f')).toMatchObject({
      help: true,
      version: true,
      check: true,
      config: 'f',
    });
    expect(parse('-h')).toMatchObject({ help: true });
    expect(parse('-v')).toMatchObject({ version: true });
    expect(parse('-c', 'f')).toMatchObject({ config: 'f', help: false, check: false });
  });

  it('remembers how an option was spelled', () => {
    expect([...parse('--pool-size=1', '--no-via').given]).toEqual([
      ['pool.poolSize', '--pool-size'],
      ['via', '--no-via'],
    ]);
  });
});
