import { fail, type ReverseItError } from '@reverseit/core/errors';
import { expect, test } from 'vitest';
import { Upload } from './upload.ts';
import type { BodySink } from './upstream-request.ts';

/** A source, an observer and what undici would do, all writing down what they are told. */
function setUp(contentLength: number | null = null, more: object = {}) {
  const calls: string[] = [];
  const note = (text: string) => () => void calls.push(text);
  const upload = new Upload(
    {
      contentLength,
      start: note('start'),
      resume: note('resume'),
      cancel: note('cancel'),
      ...more,
    },
    {
      onUploadBlocked: note('blocked'),
      onUploadProgress: note('progress'),
      onUploadFailed: (error: ReverseItError) => void calls.push(error.code),
    },
  );
  upload.on('data', (chunk: Buffer) => void calls.push(`data ${chunk}`));
  upload.on('end', note('end'));
  return { upload, calls };
}

test('starts once, passes pieces on, ends', () => {
  const { upload, calls } = setUp(4);
  upload.resume();
  upload.resume();
  expect(upload.write(Buffer.from('ab'))).toBe(true);
  expect(upload.write(Buffer.from('cd'))).toBe(true);
  upload.end();
  upload.end();
  upload.destroy();
  upload.cancel();
  expect(upload.write(Buffer.from('x'))).toBe(false);
  expect(calls).toEqual(['start', 'data ab', 'progress', 'data cd', 'progress', 'end']);
  expect(upload.active).toBe(false);
});

test('back-pressure: false until resumed', () => {
  const { upload, calls } = setUp();
  upload.on('data', () => upload.pause());
  upload.resume();
  expect(upload.write(Buffer.from('a'))).toBe(false);
  expect(upload.blocked).toBe(true);
  upload.resume();
  expect(upload.blocked).toBe(false);
  expect(calls).toEqual(['start', 'data a', 'blocked', 'progress', 'resume']);
});

test('cancelled: the source hears of it once, nothing passes any more', () => {
  const { upload, calls } = setUp();
  upload.resume();
  upload.cancel();
  upload.destroy();
  expect(upload.write(Buffer.from('a'))).toBe(false);
  upload.end();
  upload.fail(fail('RIT_ERR_CLIENT_ABORTED'));
  upload.resume();
  expect(calls).toEqual(['start', 'cancel']);
});

test.each([
  ['too much', 3, ['ab', 'cd'], ['start', 'data ab', 'progress', 'RIT_ERR_INTERNAL']],
  ['too little', 3, ['ab'], ['start', 'data ab', 'progress', 'RIT_ERR_INTERNAL']],
])('%s: fails, and the last piece stays here', (_, length, pieces, expected) => {
  const { upload, calls } = setUp(length);
  upload.resume();
  for (const piece of pieces) upload.write(Buffer.from(piece));
  upload.end();
  expect(calls).toEqual(expected);
});

test('a source that fails', () => {
  const { upload, calls } = setUp();
  upload.resume();
  upload.fail(fail('RIT_ERR_BODY_TIMEOUT'));
  upload.cancel();
  expect(calls).toEqual(['start', 'RIT_ERR_BODY_TIMEOUT']);
});

test('writing and ending from within start: the end comes behind the call', async () => {
  const { upload, calls } = setUp(1, {
    start(sink: BodySink) {
      sink.write(Buffer.from('a'));
      sink.end();
    },
  });
  upload.resume();
  expect(calls).toEqual(['data a', 'progress']);
  await new Promise((resolve) => process.nextTick(resolve));
  expect(calls).toEqual(['data a', 'progress', 'end']);
});
