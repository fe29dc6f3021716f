/** Chunks that their handler releases, and chunks that it keeps. */
import { eventually, patternBytes } from '@reverseit/test-servers';
import { expect, test } from 'vitest';
import { Recorder, Requests, request, useRig } from '../../test/server-rig.ts';
import type { Exchange } from '../index.ts';

const start = useRig();
const length = 1_000_000;

/** Keeps what it is told to, and the rest as copies. */
class Keeper extends Recorder {
  readonly given: { readonly piece: Buffer; readonly copy: Buffer }[] = [];
  readonly all: Buffer[] = [];
  readonly #keeps: (nth: number) => boolean;

  constructor(exchange: Exchange, keeps: (nth: number) => boolean) {
    super(exchange);
    this.#keeps = keeps;
  }

  override onBody(piece: Buffer): void {
    const kept = this.#keeps(this.all.length);
    const copy = Buffer.from(piece);
    this.all.push(kept ? piece : copy);
    if (kept) return;
    this.given.push({ piece, copy });
    this.exchange.releaseChunk(piece);
  }
}

const chunked = (content: Buffer): Buffer[] => {
  const parts: Buffer[] = [];
  for (let at = 0; at < content.length; at += 150_000) {
    const piece = content.subarray(at, at + 150_000);
    parts.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'));
  }
  parts.push(Buffer.from(`0\r\nX-Trailer: ${'t'.repeat(3000)}\r\n\r\n`));
  return parts;
};

const manners: [string, (nth: number) => boolean][] = [
  ['all is released', () => false],
  ['nothing is', () => true],
  ['each second chunk is released', (nth) => nth % 2 === 0],
  ['the first is kept', (nth) => nth === 0],
];

test.each(
  manners.flatMap(([manner, keeps]) =>
    (['content-length', 'chunked'] as const).map((framing) => [framing, manner, keeps] as const),
  ),
)('%s, %s: what is kept stays, and what follows is read', async (framing, manner, keeps) => {
  const requests = new Requests();
  const keepers: Keeper[] = [];
  const rig = await start((exchange) => {
    if (exchange.requestComplete) {
      requests.listener(exchange);
      return;
    }
    keepers.push(new Keeper(exchange, keeps));
    exchange.readBody(0);
  });
  const client = await rig.client();
  const contents = [patternBytes(length), patternBytes(length, 4711)];
  for (const content of contents) {
    const field =
      framing === 'chunked' ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`;
    client.send(Buffer.from(request('POST /', [field])));
    for (const part of framing === 'chunked' ? chunked(content) : [content]) client.send(part);
    // Comes within the same read as the end of the content.
    client.send(Buffer.from(request(`GET /${'n'.repeat(3000)}`)));
  }
  for (const [nth, content] of contents.entries()) {
    await eventually(() => keepers.length > nth, 'the request');
    const keeper = keepers[nth] as Keeper;
    await keeper.ended();
    if (framing === 'chunked') expect(keeper.trailers?.[1]).toHaveLength(3000);
    keeper.exchange.respond(200, [], 'ok');
    const next = await requests.next();
    expect(next.exchange.head.target).toHaveLength(3001);
    next.exchange.respond(200, [], 'ok');
    for (let i = 0; i < 2; i++) expect((await client.readResponse()).text).toBe('ok');
    expect(Buffer.concat(keeper.all).equals(content)).toBe(true);
    // Read into again, or freed; of what was released after something that is kept, it depends.
    const reused = keeper.given.some(({ piece, copy }) => !piece.equals(copy));
    if (manner === 'all is released') expect(reused).toBe(true);
    if (manner === 'nothing is') expect(reused).toBe(false);
  }
});
