import fc from 'fast-check';
import { expect, it } from 'vitest';
import { closeFrame, readCloseStatus } from './control-frame.ts';

it('what a close frame says is what can be said again (RFC 6455 §5.5.1)', () => {
  const payloads = fc.oneof(
    fc.uint8Array({ maxLength: 125 }),
    fc
      .tuple(fc.integer({ min: 990, max: 5010 }), fc.string({ unit: 'binary', maxLength: 30 }))
      .map(([code, reason]) =>
        Buffer.concat([Uint8Array.of(code >> 8, code & 0xff), Buffer.from(reason)]),
      ),
  );
  fc.assert(
    fc.property(payloads, (payload) => {
      const status = readCloseStatus(payload);
      if (typeof status === 'string') {
        expect(['RIT_ERR_WS_CLOSE_CODE', 'RIT_ERR_WS_UTF8']).toContain(status);
        return;
      }
      const bytes = closeFrame(status.code, status.reason, null);
      expect([...bytes.subarray(2)]).toEqual([...payload]);
    }),
  );
});
