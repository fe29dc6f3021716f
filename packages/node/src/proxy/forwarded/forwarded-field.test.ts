import { describe, expect, test } from 'vitest';
import {
  elementStart,
  forwardedElement,
  isSecureScheme,
  parseForwardedElement,
} from './forwarded-field.ts';
import { parseForwardedNode } from './forwarded-node.ts';

/** The elements from the last to the first, until one has no beginning. */
function elementsOf(list: string): string[] {
  const elements: string[] = [];
  for (let end = list.length; end > 0; ) {
    const start = elementStart(list, end);
    if (start === -1) return [...elements, 'malformed'];
    elements.push(list.substring(start, end));
    end = start - 1;
  }
  return elements;
}

describe('RFC 7239 §4: elements, from the last', () => {
  test.for<[list: string, elements: string[]]>([
    ['for=a', ['for=a']],
    ['for=a, for=b', [' for=b', 'for=a']],
    ['for="a,b";x="\\",", for=c', [' for=c', 'for="a,b";x="\\","']],
    ['x="\\\\", for=c', [' for=c', 'x="\\\\"']],
    ['x="\\\\\\"", for=c', [' for=c', 'x="\\\\\\""']],
    // A quote that a client has not closed takes nothing away that stands after it.
    ['for="evil, for=c', [' for=c', 'malformed']],
    ['for=\\", for="[::1]"', [' for="[::1]"', 'malformed']],
    ['"', ['malformed']],
    ['"", x', [' x', '""']],
  ])('%s', ([list, elements]) => expect(elementsOf(list)).toEqual(elements));
});

describe('RFC 7239 §4: one element', () => {
  test.for<[text: string, node: string | null, host: string | null, proto: string | null]>([
    ['for=192.0.2.60;proto=http;by=203.0.113.43', '192.0.2.60', null, 'http'],
    ['For="[2001:db8:cafe::17]:4711"', '[2001:db8:cafe::17]:4711', null, null],
    ['for=192.0.2.43; proto=https ;\thost=example.org', '192.0.2.43', 'example.org', 'https'],
    ['HOST="example.org:8080";PROTO=https', null, 'example.org:8080', 'https'],
    ['for="_gazonk"', '_gazonk', null, null],
    ['for=unknown;ext="a;b,c\\"d"', 'unknown', null, null],
    ['proto="\\h\\t\\tp"', null, null, 'http'],
    [';for=192.0.2.1;;', '192.0.2.1', null, null],
    // What senders get wrong, and only one meaning has.
    ['for=192.0.2.1:80;host=example.org:81', '192.0.2.1:80', 'example.org:81', null],
    ['for=[::1]', '[::1]', null, null],
    ['', null, null, null],
  ])('%s', ([text, node, host, proto]) => {
    const element = parseForwardedElement(text);
    expect(element).toEqual({ text, for: node && parseForwardedNode(node), host, proto });
  });

  test.for([
    ...[
      'for',
      'for=',
      '=a',
      'for=a',
      'for=192.0.2.1;for=192.0.2.2',
      'host=a;HOST=b',
      'for = 192.0.2.1',
    ],
    ...[
      'f(r=a',
      'for="192.0.2.1',
      'for="192.0.2.1"x',
      'for=192.0.2.1"',
      'for=192.0.2.1 proto=http',
    ],
    ...['for="a\\"', 'host=a b', 'x="\\'],
  ])('%j is malformed', (text) => expect(parseForwardedElement(text)).toBeNull());
});

test.for<[node: string, by: string | null, host: string | null, text: string]>([
  [
    '192.0.2.1',
    '198.51.100.1',
    'example.org',
    'for=192.0.2.1;by=198.51.100.1;host=example.org;proto=https',
  ],
  ['2001:db8::1', '::1', 'a:81', 'for="[2001:db8::1]";by="[::1]";host="a:81";proto=https'],
  ['', null, null, 'for=unknown;proto=https'],
  ['_x', null, '[::1]', 'for=_x;host="[::1]";proto=https'],
])('RFC 7239 §4: %s, %s and %s are written', ([node, by, host, text]) => {
  const facts = { for: parseForwardedNode(node), by: by && parseForwardedNode(by), host };
  expect(forwardedElement({ ...facts, by: facts.by || null, proto: 'https' })).toBe(text);
});

test.for<[scheme: string, secure: boolean | null]>([
  ['https', true],
  ['WSS', true],
  ['HTTP', false],
  ['ws', false],
  ['', null],
  ['ftp', null],
  ['https,http', null],
])('RFC 7239 §5.4: %s', ([scheme, secure]) => expect(isSecureScheme(scheme)).toBe(secure));
