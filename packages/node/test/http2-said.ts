/** A client that is given requests as HTTP/1.1 writes them, and says the same in HTTP/2 (RFC 9113 §8). */

import {
  end,
  Http2Client,
  requestFrames,
  settings,
  windowUpdate,
} from '@reverseit/test-servers/http2-client';
import { clientPreface } from '@reverseit/test-servers/http2-frames';
import { RawResponse } from '@reverseit/test-servers/response-reader';

/** A request that both versions can say. */
export interface Said {
  readonly pseudo: readonly string[];
  readonly fields: readonly string[];
  readonly body: string;
}

const requestLine = /^([!-~]+) ([!-~]+) HTTP\/1\.1$/;
const fieldLine =
  /^([!#$%&'*+.^_`|~\dA-Za-z-]+):[ \t]*(|[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)[ \t]*$/;

/** What only HTTP/1.1 says, or says in another way. */
const ofHttp1 = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'te'],
  ...['http2-settings', 'expect', 'trailer'],
]);

/** The request that the bytes are, as HTTP/2 has it; null for what is none, more than one, or says more. */
export function saidBy(bytes: string | Uint8Array): Said | null {
  if (typeof bytes !== 'string') return null;
  const headEnd = bytes.indexOf('\r\n\r\n');
  const [first = '', ...rest] = bytes.slice(0, headEnd).split('\r\n');
  const [, method = '', target = ''] = requestLine.exec(first) ?? [];
  const isTarget = target.startsWith('/') || (target === '*' && method === 'OPTIONS');
  if (headEnd < 0 || !isTarget || method === 'CONNECT') return null;
  const body = bytes.slice(headEnd + 4);
  const fields: string[] = [];
  const hosts: string[] = [];
  let length = '';
  for (const line of rest) {
    const [, name = '', value = ''] = fieldLine.exec(line) ?? [];
    const lower = name.toLowerCase();
    if (name === '' || ofHttp1.has(lower)) return null;
    if (lower === 'content-length') length += value;
    if (lower === 'host') hosts.push(value);
    else fields.push(lower, value);
  }
  if (
    hosts.length !== 1 ||
    body.length > 60_000 ||
    length !== (body === '' ? length : `${body.length}`)
  ) {
    return null;
  }
  if (body === '' && length !== '' && length !== '0') return null;
  const [authority = ''] = hosts;
  const pseudo = [':method', method, ':scheme', 'http', ':path', target, ':authority', authority];
  return { pseudo, fields, body };
}

/** Connects, and takes as much as there can be. */
export async function connectHttp2(port: number): Promise<Http2Client> {
  const client = await Http2Client.connect(port, clientPreface());
  client.send(settings(4, 0x7fff_ffff), windowUpdate(0, 0x7fff_0000));
  return client;
}

/** Sends a request on a stream. */
export function say(client: Http2Client, id: number, { pseudo, fields, body }: Said): void {
  client.send(...requestFrames(id, [...pseudo, ...fields], body === ''));
  if (body !== '') client.send(end(id, body));
}

/** Asks, one request after the other, as `RawClient` does. */
export class SayingClient {
  readonly #client: Http2Client;
  #id = -1;

  constructor(client: Http2Client) {
    this.#client = client;
  }

  static async connect(port: number): Promise<SayingClient> {
    return new SayingClient(await connectHttp2(port));
  }

  /** @throws for what HTTP/2 cannot say */
  async request(bytes: string | Uint8Array): Promise<RawResponse> {
    const said = saidBy(bytes);
    if (said === null) throw new Error('no request that HTTP/2 can say');
    this.#id += 2;
    say(this.#client, this.#id, said);
    const { sections, body, status } = await this.#client.response(this.#id);
    const heads = sections.filter(([name]) => name === ':status').map(pairs);
    const fields = (heads.at(-1) ?? []).slice(1);
    const trailers = pairs(sections.at(-1)?.[0] === ':status' ? [] : (sections.at(-1) ?? []));
    const content = Buffer.from(body, 'latin1');
    return new RawResponse(
      { version: '1.1', status: Number(status), reason: '', fields },
      [],
      'length',
      { body: content, bodyLength: content.length, sha256: '', chunks: [], trailers },
    );
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

const pairs = (section: readonly string[]): (readonly [string, string])[] =>
  section.flatMap((name, i) => (i % 2 === 0 ? [[name, section[i + 1] ?? ''] as const] : []));
