import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bareNode, nodeValue, parseForwardedNode } from './forwarded-node.ts';

test('RFC 7239 §6: what is written is read again', () => {
  const address = fc.oneof(
    fc.ipV4(),
    fc.ipV6().map((one) => `[${one}]`),
  );
  const port = fc.option(fc.integer({ min: 1, max: 65535 }));
  fc.assert(
    fc.property(address, port, (host, number) => {
      const node = parseForwardedNode(number === null ? host : `${host}:${number}`);
      if (node === null) throw new Error('it is refused');
      for (const text of [nodeValue(node).replaceAll('"', ''), node.text]) {
        expect(parseForwardedNode(text)).toMatchObject({ address: node.address, port: node.port });
      }
      expect(parseForwardedNode(bareNode(node))).toMatchObject({ address: node.address, port: 0 });
    }),
  );
});

test('any text: no exception', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseForwardedNode(text)));
});
