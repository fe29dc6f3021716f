/** Reads one response as strictly as RFC 9112 lets a recipient be. */
import {
  type BodyOptions,
  type Framing,
  framingFields,
  MessageError,
  type RawField,
  RawMessage,
  type ReadBody,
  readBody,
  readFields,
  readLine,
} from './message-reader.ts';
import type { SocketReader } from './socket-reader.ts';

/** A response's status line and field lines. */
export interface ResponseHead {
  readonly version: '1.0' | '1.1';
  readonly status: number;
  readonly reason: string;
  readonly fields: readonly RawField[];
}

export interface ReadResponseOptions extends BodyOptions {
  /** Method of the request that it answers; decides about HEAD and CONNECT. Default: `GET`. */
  readonly method?: string;
}

/** A whole response, with the interim responses before it. */
export class RawResponse extends RawMessage implements ResponseHead {
  readonly status: number;
  readonly reason: string;
  readonly interim: readonly ResponseHead[];

  constructor(
    head: ResponseHead,
    interim: readonly ResponseHead[],
    framing: Framing,
    read: ReadBody,
  ) {
    super(head, framing, read);
    this.status = head.status;
    this.reason = head.reason;
    this.interim = interim;
  }

  /** The body parsed as JSON. */
  json(): unknown {
    return JSON.parse(this.text);
  }
}

/** Reads interim responses and the final one with its body. */
export async function readResponse(
  source: SocketReader,
  options: ReadResponseOptions = {},
): Promise<RawResponse> {
  const { head, interim } = await readResponseHead(source);
  const { framing, length } = responseFraming(head, options.method ?? 'GET');
  return new RawResponse(head, interim, framing, await readBody(source, framing, length, options));
}

/** Reads up to and with the final head and leaves the body to be read. */
export async function readResponseHead(
  source: SocketReader,
): Promise<{ head: ResponseHead; interim: ResponseHead[] }> {
  const interim: ResponseHead[] = [];
  for (;;) {
    const head = await readOneHead(source);
    // 101 is final here: after it the connection speaks something else.
    if (head.status >= 200 || head.status === 101) return { head, interim };
    if (framingFields(head.fields) !== undefined) {
      throw new MessageError(`framing fields in a ${head.status}`);
    }
    interim.push(head);
  }
}

async function readOneHead(source: SocketReader): Promise<ResponseHead> {
  const line = await readLine(source);
  const parts = /^HTTP\/1\.([01]) ([1-9][0-9]{2}) ([\t\x20-\x7e\x80-\xff]*)$/.exec(line);
  if (parts === null) throw new MessageError(`status line ${JSON.stringify(line)}`);
  return {
    version: parts[1] === '0' ? '1.0' : '1.1',
    status: Number(parts[2]),
    reason: parts[3] ?? '',
    fields: await readFields(source),
  };
}

/** How long the body of a response is (RFC 9112 §6.3). */
export function responseFraming(
  head: ResponseHead,
  method: string,
): { framing: Framing; length: number } {
  const said = framingFields(head.fields);
  if (head.status === 101 || head.status === 204) {
    // RFC 9112 §6.1, RFC 9110 §8.6: neither field may stand in these.
    if (said !== undefined) throw new MessageError(`framing fields in a ${head.status}`);
    return { framing: 'none', length: 0 };
  }
  if (said === 'chunked' && head.version === '1.0') {
    throw new MessageError('Transfer-Encoding in an HTTP/1.0 response');
  }
  if (method === 'HEAD' || head.status === 304) return { framing: 'none', length: 0 };
  if (method === 'CONNECT' && head.status < 300) return { framing: 'none', length: 0 };
  if (said === 'chunked') return { framing: 'chunked', length: 0 };
  if (said !== undefined) return { framing: 'length', length: said };
  return { framing: 'until-close', length: 0 };
}
