import { describe, expect, test } from 'vitest';
import { HeaderSection } from '../../http/header-section.ts';
import { RequestHead } from './request-head.ts';
import { applyRequestRules } from './request-rules.ts';

interface Outcome {
  readonly authority?: string | null;
  readonly framing?: string;
  readonly contentLength?: number;
  readonly persistent?: boolean;
  readonly expectContinue?: boolean;
  readonly upgrade?: boolean;
  readonly connectionNames?: string[] | null;
}

const defaults: Outcome = {
  authority: 'a',
  framing: 'none',
  contentLength: 0,
  persistent: true,
  expectContinue: false,
  upgrade: false,
  connectionNames: null,
};

/**
 * Method and version, fields, and what becomes of them: a code or the facts that differ from the defaults.
 */
type Case = readonly [line: string, fields: readonly string[], outcome: string | Outcome];

const host = ['Host', 'a'];
const length = (value: string): string[] => ['Content-Length', value];
const coding = (value: string): string[] => ['Transfer-Encoding', value];
const connection = (value: string): string[] => ['Connection', value];

const groups: Record<string, readonly Case[]> = {
  'Host (RFC 9112 §3.2)': [
    ['GET 1.1', host, {}],
    ['GET 1.1', ['hOST', 'A:80'], { authority: 'A:80' }],
    ['GET 1.1', [], 'RIT_ERR_HOST'],
    ['GET 1.0', [], { authority: null, persistent: false }],
    ['GET 1.1', [...host, ...host], 'RIT_ERR_HOST'],
    ['GET 1.0', [...host, ...host], 'RIT_ERR_HOST'],
    ['GET 1.1', ['Host', ''], 'RIT_ERR_HOST'],
    ['GET 1.1', ['Host', 'a, b'], 'RIT_ERR_HOST'],
    ['GET 1.1', ['Host', 'u@a'], 'RIT_ERR_HOST'],
    ['GET 1.0', ['Host', 'a b'], 'RIT_ERR_HOST'],
  ],
  'methods (RFC 9110 §9.3)': [
    ['CONNECT 1.1', host, 'RIT_ERR_METHOD_UNKNOWN'],
    ['TRACE 1.1', host, {}],
    ['TRACE 1.1', [...host, ...length('1')], 'RIT_ERR_FRAMING_CONFLICT'],
    ['TRACE 1.1', [...host, ...coding('chunked')], 'RIT_ERR_FRAMING_CONFLICT'],
    ['GET 1.1', [...host, ...length('1')], { framing: 'length', contentLength: 1 }],
  ],
  'content length (RFC 9112 §6.3)': [
    ['POST 1.1', [...host, ...length('0')], { framing: 'length' }],
    ['POST 1.1', [...host, ...length('007')], { framing: 'length', contentLength: 7 }],
    ['POST 1.1', host, {}],
    [
      'POST 1.0',
      [...host, ...length('5')],
      { framing: 'length', contentLength: 5, persistent: false },
    ],
    ['POST 1.1', [...host, ...length('5'), ...length('5')], 'RIT_ERR_CONTENT_LENGTH'],
    ['POST 1.1', [...host, ...length('5, 5')], 'RIT_ERR_CONTENT_LENGTH'],
    ['POST 1.1', [...host, ...length('')], 'RIT_ERR_CONTENT_LENGTH'],
    ['POST 1.1', [...host, ...length('+5')], 'RIT_ERR_CONTENT_LENGTH'],
    ['POST 1.1', [...host, ...length('9007199254740992')], 'RIT_ERR_CONTENT_LENGTH'],
    ['POST 1.1', [...host, 'content-lengt\u0068', '5'], { framing: 'length', contentLength: 5 }],
    ['POST 1.1', [...host, 'content_length', '5'], {}],
  ],
  'transfer coding (RFC 9112 §6.1)': [
    ['POST 1.1', [...host, ...coding('chunked')], { framing: 'chunked', contentLength: -1 }],
    ['POST 1.1', [...host, ...coding('CHUNKED')], { framing: 'chunked', contentLength: -1 }],
    ['POST 1.0', [...host, ...coding('chunked')], 'RIT_ERR_FRAMING_CONFLICT'],
    ['POST 1.1', [...host, ...coding('chunked'), ...length('5')], 'RIT_ERR_FRAMING_CONFLICT'],
    ['POST 1.1', [...host, ...length('5'), ...coding('chunked')], 'RIT_ERR_FRAMING_CONFLICT'],
    ['POST 1.1', [...host, ...coding('chunked'), ...coding('chunked')], 'RIT_ERR_FRAMING_CONFLICT'],
    ['POST 1.1', [...host, ...coding('chunked, chunked')], 'RIT_ERR_FRAMING_CONFLICT'],
    ['POST 1.1', [...host, ...coding('chunked, gzip')], 'RIT_ERR_FRAMING_CONFLICT'],
    ['POST 1.1', [...host, ...coding('chunked,')], 'RIT_ERR_FRAMING_CONFLICT'],
    ['POST 1.1', [...host, ...coding('')], 'RIT_ERR_FRAMING_CONFLICT'],
    ['POST 1.1', [...host, ...coding('"chunked"')], 'RIT_ERR_FRAMING_CONFLICT'],
    ['POST 1.1', [...host, ...coding('chunked;q=1')], 'RIT_ERR_FRAMING_CONFLICT'],
    ['POST 1.1', [...host, ...coding('gzip, chunked')], 'RIT_ERR_TRANSFER_CODING'],
    ['POST 1.1', [...host, ...coding('identity')], 'RIT_ERR_TRANSFER_CODING'],
    ['POST 1.1', [...host, ...coding('xchunked')], 'RIT_ERR_TRANSFER_CODING'],
  ],
  'persistence (RFC 9112 §9.3)': [
    ['GET 1.1', [...host, ...connection('close')], { persistent: false }],
    ['GET 1.1', [...host, ...connection('Close\t')], { persistent: false }],
    [
      'GET 1.1',
      [...host, ...connection('keep-alive'), ...connection('close')],
      { persistent: false },
    ],
    ['GET 1.1', [...host, ...connection('close, keep-alive')], { persistent: false }],
    ['GET 1.1', [...host, ...connection('closed')], { connectionNames: ['closed'] }],
    ['GET 1.0', [...host, ...connection('keep-alive')], {}],
    ['GET 1.0', [...host, ...connection('Keep-Alive, close')], { persistent: false }],
    ['GET 1.1', [...host, ...connection('')], {}],
    ['GET 1.1', [...host, ...connection('a b')], 'RIT_ERR_FIELD_SYNTAX'],
    [
      'GET 1.1',
      [...host, ...connection('X-A, x-b'), ...connection('c')],
      { connectionNames: ['x-a', 'x-b', 'c'] },
    ],
    [
      'GET 1.1',
      [...host, ...connection(Array(64).fill('a').join())],
      { connectionNames: Array<string>(64).fill('a') },
    ],
    ['GET 1.1', [...host, ...connection(Array(65).fill('a').join())], 'RIT_ERR_FIELD_SYNTAX'],
  ],
  'upgrade (RFC 9110 §7.8)': [
    ['GET 1.1', [...host, ...connection('Upgrade'), 'Upgrade', 'websocket'], { upgrade: true }],
    ['GET 1.1', [...host, 'Upgrade', 'websocket'], {}],
    ['GET 1.1', [...host, ...connection('upgrade')], {}],
    ['GET 1.0', [...host, ...connection('upgrade'), 'Upgrade', 'websocket'], { persistent: false }],
  ],
  'expectation (RFC 9110 §10.1.1)': [
    [
      'POST 1.1',
      [...host, ...length('1'), 'Expect', '100-Continue'],
      { framing: 'length', contentLength: 1, expectContinue: true },
    ],
    [
      'POST 1.1',
      [...host, ...coding('chunked'), 'Expect', '100-continue'],
      { framing: 'chunked', contentLength: -1, expectContinue: true },
    ],
    ['GET 1.1', [...host, 'Expect', '100-continue'], {}],
    [
      'POST 1.0',
      [...host, ...length('1'), 'Expect', '100-continue'],
      { framing: 'length', contentLength: 1, persistent: false },
    ],
    ['POST 1.1', [...host, 'Expect', '200-ok'], 'RIT_ERR_EXPECTATION'],
    ['POST 1.1', [...host, 'Expect', ''], 'RIT_ERR_EXPECTATION'],
    ['POST 1.1', [...host, 'Expect', '100-continue, x'], 'RIT_ERR_EXPECTATION'],
    [
      'POST 1.1',
      [...host, 'Expect', '100-continue', 'Expect', '100-continue'],
      'RIT_ERR_EXPECTATION',
    ],
  ],
};

for (const [group, cases] of Object.entries(groups)) {
  describe(group, () => {
    test.for(cases)('%s with %j', ([line, fields, outcome]) => {
      const [method = '', version = ''] = line.split(' ');
      const head = new RequestHead(
        method,
        '/',
        version === '1.1' ? 1 : 0,
        HeaderSection.parsed([...fields]),
        0,
      );
      const code = applyRequestRules(head);
      if (typeof outcome === 'string') expect(code).toBe(outcome);
      else {
        expect(code).toBe(null);
        expect(head).toMatchObject({ ...defaults, ...outcome });
      }
      // What is forwarded is what was judged.
      expect(head.fields).toEqual(fields);
    });
  });
}
