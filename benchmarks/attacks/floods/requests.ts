/** Floods of requests, and of what looks like them. */
import {
  allAnswered,
  type Flood,
  get,
  onlyAnswers,
  post,
  pouring,
  pouringUnread,
  requestHead,
  respondPath,
  secondsForTimeouts,
  timeout,
} from '../flood.ts';

const smallGet = get('/bytes/24');

const worstTargets = [
  `/${';'.repeat(8000)}/.`,
  `/.${'\\'.repeat(8000)}`,
  `/.${';/%2f\\%5c.'.repeat(700)}`,
  `/.${'/;'.repeat(4000)}`,
].map((target) => requestHead(`GET ${target}`));

const manyFields = Array.from({ length: 98 }, (_, nth) => `X-${nth}: y`);

export const requestFloods: readonly Flood[] = [
  {
    name: 'slow heads',
    what: 'a head that grows by a byte each 500 ms',
    local: true,
    options: { requestHeaderTimeout: timeout },
    many: 1000,
    seconds: secondsForTimeouts,
    stays: true,
    ours: true,
    start: (connection) => {
      connection.send('GET / HTTP/1.1\r\nHost: a\r\nX: ');
      connection.every(500, () => connection.send('x'));
    },
    fault: allAnswered('408'),
  },
  {
    name: 'endless fields',
    what: 'a head without end, in fields of four bytes',
    local: true,
    start: pouring('GET / HTTP/1.1\r\nHost: a\r\n', 'x: y\r\n'),
    fault: onlyAnswers('431', '0'),
  },
  {
    name: 'empty lines',
    what: 'empty lines before a request that never comes',
    local: true,
    start: pouring('', '\r\n'),
  },
  {
    name: 'heads of 100 fields',
    what: 'pipelined GETs with 100 fields each',
    start: pouring('', get('/bytes/24', ...manyFields)),
  },
  { name: 'small GETs', what: 'pipelined GETs', start: pouring('', smallGet) },
  {
    name: 'small GETs, unread',
    what: 'pipelined GETs whose responses nobody reads',
    start: pouringUnread('', smallGet),
  },
  {
    name: 'small POSTs',
    what: 'pipelined POSTs of one byte',
    start: pouring('', `${post('Content-Length: 1')}a`),
  },
  {
    name: 'chunked POSTs',
    what: 'pipelined POSTs of one chunk of one byte',
    start: pouring('', `${post('Transfer-Encoding: chunked')}1\r\na\r\n0\r\n\r\n`),
  },
  {
    name: 'expectations',
    what: 'pipelined POSTs of one byte that expect 100',
    start: pouring('', `${post('Content-Length: 1', 'Expect: 100-continue')}a`),
  },
  {
    name: '404s',
    what: 'pipelined GETs that no route matches',
    local: true,
    start: pouring('', requestHead('GET /nowhere')),
  },
  {
    name: '404s, unread',
    what: 'the same, whose responses nobody reads',
    local: true,
    start: pouringUnread('', requestHead('GET /nowhere')),
  },
  {
    name: 'respond',
    what: 'pipelined GETs that a `respond` route answers',
    local: true,
    start: pouring('', requestHead(`GET ${respondPath}`)),
  },
  {
    name: 'OPTIONS *',
    what: 'pipelined `OPTIONS *`',
    local: true,
    start: pouring('', requestHead('OPTIONS *')),
  },
  {
    name: 'costly targets',
    what: 'pipelined GETs whose targets take long to judge',
    local: true,
    start: pouring('', worstTargets.join('')),
    fault: onlyAnswers('404', '400', '0'),
  },
  {
    name: 'refused requests',
    what: 'malformed requests, over new connections',
    local: true,
    start: (connection) => connection.send('GET / HTTP/1.1\r\nHost : a\r\n\r\n'),
    fault: onlyAnswers('400', '0'),
  },
];
