/**
 * Whether a target does what it is measured for: before any load, each answers the scenario's own request,
 * and what came back, and what the backend says that it got, is compared byte for byte.
 */
import { createHash } from 'node:crypto';
import { Agent, type IncomingMessage, request } from 'node:http';
import { request as requestSecurely, Agent as SecureAgent } from 'node:https';
import { makeFrame, openWebSocket } from '../load/websocket.ts';

export interface CheckedRequest {
  readonly method: 'GET' | 'POST';
  /** What each path begins with, be it empty. */
  readonly prefix: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** Content of the response. */
  readonly bodyBytes: number;
}

interface Reply {
  readonly message: IncomingMessage;
  readonly content: Buffer;
  /** Whether it came over a connection that had served before. */
  readonly reused: boolean;
}

/** Longest wait for an answer, in ms. */
const patience = 10_000;

/** @throws where an answer is wrong, or the backend got anything but what was sent */
export async function checkHttp(
  port: number,
  checked: CheckedRequest,
  secure = false,
): Promise<void> {
  const { prefix, path, bodyBytes } = checked;
  const options = { keepAlive: true, maxSockets: 1 };
  // Whose certificate it is does not matter here.
  const agent = secure
    ? new SecureAgent({ ...options, rejectUnauthorized: false })
    : new Agent(options);
  try {
    const { message, content } = await ask(port, agent, checked, prefix + path);
    const { statusCode, headers } = message;
    check(statusCode === 200, `answers ${statusCode}`);
    check(headers['content-type'] === 'text/plain; charset=utf-8', 'changes Content-Type');
    check(headers['content-length'] === String(bodyBytes), 'changes Content-Length');
    check(content.equals(Buffer.alloc(bodyBytes, 'a')), 'changes the content of a response');

    const seen = await ask(port, agent, checked, `${prefix}/seen?name=value`);
    check(seen.reused, 'does not keep a connection alive');
    checkSeen(seen.content.toString('latin1'), checked);
  } finally {
    agent.destroy();
  }
}

/** @param text the head as the backend got it, an empty line, and the hash of the content */
function checkSeen(text: string, { method, prefix, headers, body }: CheckedRequest): void {
  const [head = '', hash] = text.split('\r\n\r\n');
  const [first, ...lines] = head.split('\r\n');
  check(first === `${method} ${prefix}/seen?name=value HTTP/1.1`, `asks the backend for ${first}`);
  const passed = new Set(lines.map((line) => line.toLowerCase()));
  for (const [name, value] of Object.entries(headers)) {
    check(passed.has(`${name}: ${value}`.toLowerCase()), `does not pass ${name} on`);
  }
  check(hash === sha1(body ?? Buffer.alloc(0)), 'changes the content of a request');
}

/** @throws where a frame does not come back as it was sent, unmasked */
export async function checkWebSocket(
  port: number,
  payloadBytes: number,
  text: boolean,
): Promise<void> {
  const socket = await openWebSocket(port);
  const frame = makeFrame(payloadBytes, text);
  const expected = Buffer.concat([
    frame.subarray(0, frame.length - payloadBytes - 4),
    Buffer.alloc(payloadBytes, 'a'),
  ]);
  expected[1] = (expected[1] ?? 0) & 0x7f;
  try {
    const received = await new Promise<Buffer>((resolve, reject) => {
      let chunks = Buffer.alloc(0);
      socket.setTimeout(patience, () => reject(new Error('sends no echo')));
      socket.on('close', () => reject(new Error('closes a WebSocket')));
      socket.on('data', (chunk: Buffer) => {
        chunks = Buffer.concat([chunks, chunk]);
        if (chunks.length >= expected.length) resolve(chunks);
      });
      socket.write(frame);
    });
    check(received.equals(expected), 'changes a frame');
  } finally {
    socket.destroy();
  }
}

function ask(port: number, agent: Agent, checked: CheckedRequest, path: string): Promise<Reply> {
  const { method, headers, body } = checked;
  const length = body === undefined ? {} : { 'Content-Length': body.length };
  return new Promise((resolve, reject) => {
    const send = agent instanceof SecureAgent ? requestSecurely : request;
    const sent = send(
      { port, host: '127.0.0.1', agent, method, path, headers: { ...headers, ...length } },
      (message) => {
        const chunks: Buffer[] = [];
        message.on('data', (chunk: Buffer) => chunks.push(chunk));
        message.on('error', reject);
        message.on('end', () =>
          resolve({ message, content: Buffer.concat(chunks), reused: sent.reusedSocket }),
        );
      },
    );
    sent.setTimeout(patience, () => sent.destroy(new Error(`does not answer ${path}`)));
    sent.on('error', reject);
    sent.end(body);
  });
}

function check(right: boolean, otherwise: string): void {
  if (!right) throw new Error(otherwise);
}

const sha1 = (bytes: Buffer): string => createHash('sha1').update(bytes).digest('hex');
