/** Floods of request bodies, and clients that are slow with them. */
import {
  allAnswered,
  chunkedPost,
  type Flood,
  get,
  onlyAnswers,
  post,
  pouring,
  requestHead,
  respondPath,
  secondsForTimeouts,
  timeout,
} from '../flood.ts';

/** A body of 1 MiB less its last byte: as much as is held before the backend is asked. */
const almost = Buffer.alloc(1024 * 1024 - 1);
const streamed = { requestBodyBufferSize: 0 };
const endless = { maxRequestBodySize: Number.POSITIVE_INFINITY };
const short = { requestBodyReadTimeout: timeout };
const oneByte = '1\r\na\r\n';
const extended = '3;x=1\r\nabc\r\n';
const trailers = Array.from({ length: 90 }, (_, nth) => `t${nth}: v\r\n`).join('');

export const bodyFloods: readonly Flood[] = [
  {
    name: 'stalled bodies',
    what: 'a body that stops after three bytes of ten',
    options: short,
    many: 1000,
    seconds: secondsForTimeouts,
    stays: true,
    ours: true,
    start: (connection) => connection.send(`${post('Content-Length: 10')}abc`),
    fault: allAnswered('408'),
  },
  {
    name: 'dripping bodies',
    what: 'a body that comes a byte each 200 ms',
    options: short,
    many: 1000,
    stays: true,
    start: (connection) => {
      connection.send(post('Content-Length: 5000'));
      connection.every(200, () => connection.send('x'));
    },
  },
  {
    name: 'long uploads that stall',
    what: 'three bytes of 50 MB',
    options: short,
    many: 200,
    seconds: secondsForTimeouts,
    stays: true,
    ours: true,
    start: (connection) => connection.send(`${post('Content-Length: 50000000')}abc`),
    fault: allAnswered('408'),
  },
  {
    name: 'uploads that stall at the end',
    what: '1 MiB less one byte',
    options: { ...short, maxBufferedRequestBytes: 32 * 1024 * 1024, pool: { poolSize: 400 } },
    stays: true,
    start: (connection) => {
      connection.send(post(`Content-Length: ${almost.length + 1}`));
      connection.send(almost);
    },
  },
  {
    name: '1-byte chunks',
    what: 'a body in chunks of one byte, beyond what is held of it',
    options: endless,
    start: pouring(chunkedPost, oneByte),
  },
  {
    name: '1-byte chunks, streamed',
    what: 'the same, streamed to the backend at once',
    options: { ...endless, ...streamed },
    start: pouring(chunkedPost, oneByte),
  },
  {
    name: '1-byte chunks, refused',
    what: 'the same, beyond `maxRequestBodySize`',
    options: { maxRequestBodySize: 100_000 },
    ours: true,
    start: pouring(chunkedPost, oneByte),
    fault: onlyAnswers('413', '0'),
  },
  {
    name: '1-byte chunks, unwanted',
    what: 'the same, to a `respond` route, which has no use for it',
    local: true,
    options: endless,
    start: pouring(requestHead(`POST ${respondPath}`, 'Transfer-Encoding: chunked'), oneByte),
  },
  {
    name: 'chunk extensions',
    what: 'chunks of three bytes with an extension each',
    options: endless,
    start: pouring(chunkedPost, extended),
  },
  {
    name: 'chunk extensions, streamed',
    what: 'the same, streamed to the backend at once',
    options: { ...endless, ...streamed },
    start: pouring(chunkedPost, extended),
  },
  {
    name: 'an endless extension',
    what: 'one chunk with extensions without end',
    start: pouring(`${chunkedPost}1`, ';a=b'),
    fault: onlyAnswers('400', '0'),
  },
  {
    name: 'trailers',
    what: 'pipelined POSTs with 90 trailer fields each',
    start: pouring('', `${chunkedPost}1\r\na\r\n0\r\n${trailers}\r\n`),
  },
  {
    name: 'endless trailers',
    what: 'a body with trailer fields without end',
    options: streamed,
    start: pouring(`${chunkedPost}1\r\na\r\n0\r\n`, 'a: b\r\n'),
    fault: onlyAnswers('431', '400', '502', '0'),
  },
  {
    name: 'slow readers',
    what: 'a download of 20 MB that nobody reads',
    options: { pool: { poolSize: 400 } },
    stays: true,
    start: (connection) => {
      connection.send(get('/bytes/20000000'));
      connection.pause();
    },
  },
];
