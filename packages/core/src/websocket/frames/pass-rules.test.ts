import { expect, test } from 'vitest';
import { Fragmentation } from './fragmentation.ts';
import { FrameHeader } from './frame-header.ts';
import { opcodes } from './opcode.ts';
import { type FrameReaderOptions, isPassed } from './pass-rules.ts';

const { text, continuation, ping, pong, close } = opcodes;
const limits = { maxFrameBytes: 1000, maxMessageBytes: 1000, maxFragments: 10 };

type Reports = Pick<FrameReaderOptions, 'reportData' | 'reportPings'>;
const nothing: Reports = { reportData: 'none', reportPings: false };
const compressed: Reports = { reportData: 'compressed', reportPings: false };
const all: Reports = { reportData: 'all', reportPings: true };

test.each<[name: string, Reports, opcode: number, more: Partial<FrameHeader>, passed: boolean]>([
  ['RFC 6455 §5.5.2: a ping', nothing, ping, {}, true],
  ['RFC 6455 §5.5.3: a pong that is reported', all, pong, {}, false],
  ['RFC 6455 §5.5.1: a close frame always is reported', nothing, close, {}, false],
  ['text', nothing, text, { payloadLength: 100 }, true],
  ['RFC 7692 §6: compressed text, and nothing is reported', nothing, text, { reserved: 4 }, true],
  ['RFC 7692 §6: compressed text that is reported', compressed, text, { reserved: 4 }, false],
  ['text beside compressed messages', compressed, text, {}, true],
  ['a whole message below the limit', all, text, { payloadLength: 9 }, true],
  ['a whole message at the limit', all, text, { payloadLength: 10 }, false],
  ['RFC 6455 §5.4: the first part of a message', all, text, { fin: false }, false],
  ['RFC 6455 §5.4: a later part, however short', all, continuation, {}, false],
])('%s', (_, reports, opcode, more, passed) => {
  const header = Object.assign(new FrameHeader(), { opcode, fin: true, ...more });
  const options = { role: 'server', compression: true, validateUtf8: true, ...limits } as const;
  const message = new Fragmentation(limits);
  expect(isPassed(header, message, { ...options, ...reports, passBelowBytes: 10 })).toBe(passed);
});

test('RFC 7692 §6: a later part goes the way of its compressed message', () => {
  const message = new Fragmentation(limits);
  message.begin(text, true, 0);
  const header = Object.assign(new FrameHeader(), { opcode: continuation, fin: true });
  const options = { role: 'server', compression: true, validateUtf8: true, ...limits } as const;
  const passes = (reports: Reports): boolean =>
    isPassed(header, message, { ...options, ...reports, passBelowBytes: 10 });
  expect([nothing, compressed, all].map(passes)).toEqual([true, false, false]);
});
