import { createError, type ReverseItError } from '@reverseit/core/errors';
import { expect, test } from 'vitest';
import { UndiciUpload } from '../http1/undici/undici-upload.ts';
import type { BodySink, BodySource } from './message/upstream-request.ts';
import { Upload, type UploadPort } from './upload.ts';

/** A source, an observer and what undici would do, all writing down what they are told. */
function setUp(contentLength: number | null = null, more: object = {}) {
  const calls: string[] = [];
  const note = (text: string) => () => void calls.push(text);
  const source = {
    contentLength,
    start: note('start'),
    resume: note('resume'),
    cancel: note('cancel'),
    ...more,
  };
  const observer = {
    onUploadBlocked: note('blocked'),
    onUploadProgress: note('progress'),
    onUploadFailed: (error: ReverseItError) => void calls.push(error.code),
  };
  let upload!: Upload;
  const openUpload = (port: UploadPort, from: BodySource) => {
    upload = new Upload(from, observer, port);
    return upload;
  };
  const stream = new UndiciUpload({ openUpload }, source, { pendingBytes: 0 });
  stream.on('data', (chunk: Buffer) => void calls.push(`data ${chunk}`));
  stream.on('end', note('end'));
  return { upload, stream, calls };
}

test('starts once, passes chunks on, ends', () => {
  const { upload, stream, calls } = setUp(4);
  stream.resume();
  stream.resume();
  expect(upload.write(Buffer.from('ab'))).toBe(true);
  expect(upload.write(Buffer.from('cd'))).toBe(true);
  upload.end();
  upload.end();
  stream.destroy();
  upload.cancel();
  expect(upload.write(Buffer.from('x'))).toBe(false);
  expect(calls).toEqual(['start', 'data ab', 'progress', 'data cd', 'progress', 'end']);
  expect(upload.active).toBe(false);
});

test('back-pressure: false until resumed', () => {
  const { upload, stream, calls } = setUp();
  stream.on('data', () => stream.pause());
  stream.resume();
  expect(upload.write(Buffer.from('a'))).toBe(false);
  expect(upload.blocked).toBe(true);
  stream.resume();
  expect(upload.blocked).toBe(false);
  expect(calls).toEqual(['start', 'data a', 'blocked', 'progress', 'resume']);
});

test('cancelled: the source hears of it once, nothing passes any more', () => {
  const { upload, stream, calls } = setUp();
  stream.resume();
  upload.cancel();
  stream.destroy();
  expect(upload.write(Buffer.from('a'))).toBe(false);
  upload.end();
  upload.fail(createError('RIT_ERR_CLIENT_ABORTED'));
  stream.resume();
  expect(calls).toEqual(['start', 'cancel']);
});

test.each([
  ['too much', 3, ['ab', 'cd'], ['start', 'data ab', 'progress', 'RIT_ERR_INTERNAL']],
  ['too little', 3, ['ab'], ['start', 'data ab', 'progress', 'RIT_ERR_INTERNAL']],
])('%s: fails, and the last chunk stays here', (_, length, chunks, expected) => {
  const { upload, stream, calls } = setUp(length);
  stream.resume();
  for (const chunk of chunks) upload.write(Buffer.from(chunk));
  upload.end();
  expect(calls).toEqual(expected);
});

test('a source that fails', () => {
  const { upload, stream, calls } = setUp();
  stream.resume();
  upload.fail(createError('RIT_ERR_BODY_TIMEOUT'));
  upload.cancel();
  expect(calls).toEqual(['start', 'RIT_ERR_BODY_TIMEOUT']);
});

test('writing and ending from within start: the end comes after the call', async () => {
  const { stream, calls } = setUp(1, {
    start(sink: BodySink) {
      sink.write(Buffer.from('a'));
      sink.end();
    },
  });
  stream.resume();
  expect(calls).toEqual(['data a', 'progress']);
  await new Promise((resolve) => process.nextTick(resolve));
  expect(calls).toEqual(['data a', 'progress', 'end']);
});
