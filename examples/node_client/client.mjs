// Checks a running proxy in front of the demo backend, over HTTP and WebSocket. Node alone is enough.
//
//   node examples/node_client/client.mjs [http://127.0.0.1:4000]

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const base = new URL(process.argv[2] ?? process.env.REVERSEIT_URL ?? 'http://127.0.0.1:4000');
const agent = new http.Agent({ keepAlive: true });
const deadlineMs = 30_000;

let passed = 0;
let failed = 0;

/**
 * @param {string} title
 * @param {(signal: AbortSignal) => Promise<void>} run
 */
async function check(title, run) {
  const late = new AbortController();
  const timer = delay(deadlineMs, undefined, { signal: late.signal }).then(
    () => Promise.reject(new Error(`no result within ${deadlineMs / 1000} s`)),
    () => undefined,
  );
  const over = new AbortController();
  try {
    await Promise.race([run(over.signal), timer]);
    passed += 1;
    console.log(`pass  ${title}`);
  } catch (error) {
    failed += 1;
    const message = error instanceof Error ? error.message : String(error);
    console.log(`FAIL  ${title}\n${message.replace(/^/gm, '      ')}`);
  } finally {
    late.abort();
    over.abort();
  }
}

/**
 * @typedef {object} Sent
 * @property {string} [method]
 * @property {http.OutgoingHttpHeaders | readonly string[]} [headers]
 * @property {Buffer | AsyncIterable<Buffer>} [body] without a length it goes out in chunks
 * @property {http.Agent} [agent]
 *
 * @typedef {{ response: http.IncomingMessage, status: number, body: Buffer, interim: number[] }} Received
 */

/**
 * Sends a request and resolves with the head of its response.
 *
 * @param {string} path
 * @param {Sent} [sent]
 * @returns {Promise<{ response: http.IncomingMessage, interim: number[] }>}
 */
async function open(path, { method = 'GET', headers = {}, body, ...rest } = {}) {
  const request = http.request(new URL(path, base), { agent, method, headers, ...rest });
  /** @type {number[]} */
  const interim = [];
  request.on('information', ({ statusCode }) => interim.push(statusCode));
  const responded = once(request, 'response');
  if (body === undefined || Buffer.isBuffer(body)) request.end(body);
  else {
    for await (const piece of body) if (!request.write(piece)) await once(request, 'drain');
    request.end();
  }
  const [response] = await responded;
  return { response, interim };
}

/** @param {string} path @param {Sent} [sent] @returns {Promise<Received>} */
async function fetchAll(path, sent) {
  const { response, interim } = await open(path, sent);
  const body = Buffer.concat(await response.toArray());
  return { response, status: response.statusCode ?? 0, body, interim };
}

/**
 * Sends bytes as they are, and resolves with what came until the other side closed.
 *
 * @param {string} text
 * @param {AbortSignal} signal
 */
async function exchangeRaw(text, signal) {
  const socket = net.connect({ host: base.hostname, port: Number(base.port || 80), signal });
  socket.write(text, 'latin1');
  return Buffer.concat(await socket.toArray()).toString('latin1');
}

/** @param {string} text */
const statusOf = (text) => Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? 0);

/** @param {Buffer} bytes */
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

const large = 8 * 1024 * 1024;
/** SHA-256 of what /bytes and /chunked send for that length. */
const largeSha256 = 'e930a62aed49a6c631ad73d69612485c570e18da0ece82b6c6ea0cc27dc6aaa2';

/** @param {Buffer} bytes @param {number} size */
async function* inPieces(bytes, size) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

console.log(`ReverseIt at ${base.origin}, Node ${process.version}\n`);
try {
  await once(net.connect(Number(base.port || 80), base.hostname).end(), 'connect');
} catch {
  console.log(`Nothing listens on ${base.host}. Start it with: npm start`);
  process.exit(1);
}

await check('GET /hello', async () => {
  const { status, body, response } = await fetchAll('/hello');
  assert.equal(status, 200);
  assert.equal(body.toString(), 'Hello from the backend.\n');
  assert.equal(response.headers['content-length'], '24');
});

await check('JSON API: list, create, read, delete', async () => {
  const list = await fetchAll('/api/items');
  assert.equal(list.response.headers['content-type'], 'application/json');
  assert.deepEqual(JSON.parse(list.body.toString())[0], { id: 1, name: 'one' });

  const made = await fetchAll('/api/items', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: Buffer.from('{"name":"lamp"}'),
  });
  assert.equal(made.status, 201);
  const { location = '' } = made.response.headers;
  assert.equal(JSON.parse((await fetchAll(location)).body.toString()).name, 'lamp');
  assert.equal((await fetchAll(location, { method: 'DELETE' })).status, 204);
  assert.equal((await fetchAll(location)).status, 404);
});

await check('POST: method, target and body arrive as they were sent', async () => {
  const body = Buffer.from('name=lamp&colour=green');
  const target = '/echo?a=1&a=2&encoded=%2F%c3%a9';
  const seen = JSON.parse((await fetchAll(target, { method: 'POST', body })).body.toString());
  assert.equal(seen.method, 'POST');
  assert.equal(seen.target, target);
  assert.equal(seen.body, body.toString());
});

await check(
  'header fields: order, case and repetition are kept, X-Forwarded-* is added',
  async () => {
    const headers = ['Host', base.host, 'X-Zebra', '1', 'x-apple', '2', 'X-Zebra', '3'];
    const seen = JSON.parse((await fetchAll('/echo', { headers })).body.toString());
    const lines = [];
    for (let i = 0; i < seen.rawHeaders.length; i += 2) {
      lines.push(`${seen.rawHeaders[i]}: ${seen.rawHeaders[i + 1]}`);
    }
    assert.deepEqual(
      lines.filter((line) => /^x-(zebra|apple):/i.test(line)),
      ['X-Zebra: 1', 'x-apple: 2', 'X-Zebra: 3'],
    );
    const forwarded = new Map(
      lines.map((line) => /** @type {[string, string]} */ (line.toLowerCase().split(': '))),
    );
    assert.ok(net.isIP(forwarded.get('x-forwarded-for') ?? ''), 'no X-Forwarded-For');
    assert.equal(forwarded.get('x-forwarded-proto'), 'http');
    assert.equal(forwarded.get('x-forwarded-host'), base.host);
  },
);

await check('header fields: what belongs to one connection stays there', async () => {
  const headers = { connection: 'x-private, keep-alive', 'x-private': '1', te: 'gzip' };
  const seen = JSON.parse((await fetchAll('/echo', { headers })).body.toString());
  /** @type {string[]} */
  const names = seen.rawHeaders.filter(
    (/** @type {string} */ _, /** @type {number} */ i) => i % 2 === 0,
  );
  for (const name of names) assert.doesNotMatch(name, /^(x-private|te|keep-alive)$/i);
});

await check('header fields: two Set-Cookie stay two', async () => {
  const { response } = await fetchAll('/headers');
  assert.deepEqual(response.headers['set-cookie'], ['a=1; Path=/', 'b=2; HttpOnly']);
});

await check('upload in chunks', async () => {
  const bytes = randomBytes(300_000);
  const { body } = await fetchAll('/upload', { method: 'POST', body: inPieces(bytes, 7001) });
  assert.deepEqual(JSON.parse(body.toString()), { length: bytes.length, sha256: sha256(bytes) });
});

await check('upload of 8 MiB with a length', async () => {
  const bytes = randomBytes(large);
  const headers = { 'content-length': large };
  const sent = { method: 'PUT', headers, body: inPieces(bytes, 65_536) };
  const { body } = await fetchAll('/upload', sent);
  assert.deepEqual(JSON.parse(body.toString()), { length: large, sha256: sha256(bytes) });
});

await check('upload that waits for 100 (Continue)', async () => {
  const request = http.request(new URL('/upload', base), {
    agent,
    method: 'POST',
    headers: { expect: '100-continue', 'content-length': 5 },
  });
  request.flushHeaders();
  await once(request, 'continue');
  request.end('hello');
  const [response] = await once(request, 'response');
  assert.equal(JSON.parse(Buffer.concat(await response.toArray()).toString()).length, 5);
});

await check('download in chunks', async () => {
  const { response, body } = await fetchAll(`/chunked/${large}`);
  assert.equal(response.headers['transfer-encoding'], 'chunked');
  assert.equal(sha256(body), largeSha256);
});

await check('download of 8 MiB with a length', async () => {
  const { response, body } = await fetchAll(`/bytes/${large}`);
  assert.equal(response.headers['content-length'], String(large));
  assert.equal(sha256(body), largeSha256);
});

await check('streaming: a response that never ends arrives piece by piece', async () => {
  const { response } = await open('/drip?ms=20');
  let received = '';
  for await (const piece of response) {
    received += piece;
    if (received.length >= 3) break;
  }
  assert.match(received, /^\.{3,}$/);
});

await check('server-sent events', async () => {
  const { response, body } = await fetchAll('/sse?n=3&ms=20');
  assert.equal(response.headers['content-type'], 'text/event-stream');
  const events = body.toString().split('\n\n').slice(0, -1);
  assert.deepEqual(
    events,
    [0, 1, 2].map((i) => `id: ${i}\ndata: event ${i}`),
  );
});

await check('trailers', async () => {
  const { response } = await fetchAll('/trailers');
  assert.deepEqual(response.trailers, { 'x-checksum': 'abc123', 'x-count': '1' });
});

await check('103 (Early Hints) comes before its response', async () => {
  const { interim, status } = await fetchAll('/early-hints');
  assert.deepEqual(interim, [103]);
  assert.equal(status, 200);
});

await check('HEAD, 204 and 304 have no body, and the connection goes on', async () => {
  const one = new http.Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const ports = new Set();
    const requests = [
      ['HEAD', '/bytes/1000', 0],
      ['GET', '/status/204', 0],
      ['GET', '/status/304', 0],
      ['GET', '/hello', 24],
    ];
    for (const [method, path, length] of /** @type {[string, string, number][]} */ (requests)) {
      const { response } = await open(path, { method, agent: one });
      ports.add(response.socket.localPort);
      if (method === 'HEAD') assert.equal(response.headers['content-length'], '1000');
      assert.equal(Buffer.concat(await response.toArray()).length, length);
    }
    assert.equal(ports.size, 1, 'more than one connection');
  } finally {
    one.destroy();
  }
});

await check('404 and redirects are passed on', async () => {
  const missing = await fetchAll('/nothing');
  assert.equal(missing.status, 404);
  assert.equal(missing.body.toString(), 'not found\n');
  const { status, response } = await fetchAll('/redirect?to=/hello');
  assert.equal(status, 302);
  assert.equal(response.headers.location, '/hello');
});

await check('100 requests at a time are not mixed up', async () => {
  const answers = await Promise.all(
    Array.from({ length: 100 }, async (_, i) => {
      const sent = { method: 'POST', body: Buffer.from(`body ${i}`) };
      return JSON.parse((await fetchAll(`/echo?${i}`, sent)).body.toString());
    }),
  );
  assert.deepEqual(
    answers.map(({ target, body }) => `${target} ${body}`),
    answers.map((_, i) => `/echo?${i} body ${i}`),
  );
});

const host = `Host: ${base.host}\r\n`;
const hidden = 'GET /hello HTTP/1.1\r\nHost: hidden\r\n\r\n';
/** @type {readonly (readonly [what: string, status: number, request: string])[]} */
const refusals = [
  ['a target that is too long', 414, `GET /${'a'.repeat(9000)} HTTP/1.1\r\n${host}\r\n`],
  [
    'a header line that is too long',
    431,
    `GET / HTTP/1.1\r\n${host}X-Long: ${'a'.repeat(9000)}\r\n\r\n`,
  ],
  [
    'a body that would be too large',
    413,
    `POST /upload HTTP/1.1\r\n${host}Expect: 100-continue\r\nContent-Length: 104857601\r\n\r\n`,
  ],
  [
    'a length beside chunks',
    400,
    `POST / HTTP/1.1\r\n${host}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
  ],
  [
    'two different lengths',
    400,
    `POST / HTTP/1.1\r\n${host}Content-Length: 0\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
  ],
  ['no Host', 400, 'GET / HTTP/1.1\r\n\r\n'],
  [
    'an unknown transfer coding',
    501,
    `POST / HTTP/1.1\r\n${host}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
  ],
  ['HTTP/2.0 in a request line', 505, `GET / HTTP/2.0\r\n${host}\r\n`],
];
for (const [what, status, request] of refusals) {
  await check(`refused with ${status}: ${what}`, async (signal) => {
    const answer = await exchangeRaw(request, signal);
    assert.equal(statusOf(answer), status);
    assert.match(answer, /\r\nconnection: close\r\n/i);
    assert.equal(answer.split('HTTP/1.1 ').length, 2, 'more than one response');
  });
}

const webSocketUrl = new URL('/ws', base.href.replace(/^http/, 'ws')).href;

/**
 * A WebSocket that is open.
 *
 * @param {(socket: WebSocket, next: () => Promise<any>) => Promise<void>} use `next` is the next message
 */
async function withWebSocket(use) {
  const socket = new WebSocket(webSocketUrl);
  socket.binaryType = 'arraybuffer';
  /** @type {unknown[]} */
  const messages = [];
  /** @type {(() => void) | undefined} */
  let wake;
  socket.onmessage = ({ data }) => {
    messages.push(data);
    wake?.();
  };
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onclose = ({ code }) => reject(new Error(`closed with ${code} instead of opening`));
  });
  try {
    await use(socket, async () => {
      while (messages.length === 0) {
        await new Promise((resolve) => {
          wake = () => resolve(undefined);
        });
      }
      return messages.shift();
    });
  } finally {
    socket.close();
  }
}

await check('WebSocket: text, also empty and beyond ASCII', () =>
  withWebSocket(async (socket, next) => {
    for (const text of ['hello', '', 'grüße, 世界']) {
      socket.send(text);
      assert.equal(await next(), text);
    }
  }),
);

await check('WebSocket: binary, from 0 bytes to 1 MiB', () =>
  withWebSocket(async (socket, next) => {
    for (const size of [0, 1, 125, 126, 65_536, 1024 * 1024]) {
      const bytes = randomBytes(size);
      socket.send(bytes);
      assert.equal(sha256(Buffer.from(await next())), sha256(bytes));
    }
  }),
);

await check('WebSocket: 1000 messages in a row keep their order', () =>
  withWebSocket(async (socket, next) => {
    for (let i = 0; i < 1000; i += 1) socket.send(`message ${i}`);
    for (let i = 0; i < 1000; i += 1) assert.equal(await next(), `message ${i}`);
  }),
);

await check('WebSocket: 20 at a time', async () => {
  await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      withWebSocket(async (socket, next) => {
        socket.send(`from ${i}`);
        assert.equal(await next(), `from ${i}`);
      }),
    ),
  );
});

await check('WebSocket: close code and reason come back', () =>
  withWebSocket(async (socket) => {
    const closed = new Promise((resolve) => {
      socket.onclose = resolve;
    });
    socket.close(4001, 'done');
    const { code, reason, wasClean } = await closed;
    assert.deepEqual({ code, reason, wasClean }, { code: 4001, reason: 'done', wasClean: true });
  }),
);

/**
 * @param {string} path
 * @returns {Promise<{ key: string, response: http.IncomingMessage, socket?: net.Socket }>}
 */
async function handshake(path) {
  const key = randomBytes(16).toString('base64');
  const request = http.request(new URL(path, base), {
    headers: {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': key,
    },
  });
  request.end();
  const [response, socket] = await Promise.race([
    once(request, 'upgrade'),
    once(request, 'response'),
  ]);
  return { key, response, socket };
}

await check('WebSocket: a ping is answered, byte for byte', async () => {
  // By hand, since the WebSocket of browsers and Node cannot send one.
  const { key, response, socket } = await handshake('/ws');
  assert.equal(response.statusCode, 101);
  const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
  const accept = createHash('sha1')
    .update(key + guid)
    .digest('base64');
  assert.equal(response.headers['sec-websocket-accept'], accept);
  assert.ok(socket);
  const mask = [1, 2, 3, 4];
  const payload = Buffer.from('are you there');
  const masked = payload.map((byte, i) => byte ^ (mask[i % 4] ?? 0));
  socket.write(Buffer.from([0x89, 0x80 | payload.length, ...mask, ...masked]));
  let received = Buffer.alloc(0);
  for await (const piece of socket) {
    received = Buffer.concat([received, piece]);
    if (received.length >= 2 + payload.length) break;
  }
  assert.deepEqual(received, Buffer.from([0x8a, payload.length, ...payload]));
});

await check('WebSocket: a refused handshake is passed on', async () => {
  const { response } = await handshake('/hello');
  assert.notEqual(response.statusCode, 101);
  response.destroy();
});

agent.destroy();
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
