/** Runs chunked content through its reader in pieces of equal size. */
import { ChunkedReader } from '../src/http1/body/chunked-reader.ts';
import { MESSAGE_TYPE } from '../src/http1/llhttp/constants.ts';
import { Llhttp } from '../src/http1/llhttp/instance.ts';
import { defaultLimits } from './drive-parser.ts';

export interface ChunkedOutcome {
  content: string;
  trailers: readonly string[];
  complete: boolean;
  failure: string | null;
  /** Content that the chunk headers told of. */
  announced: number;
  /** Bytes taken. */
  taken: number;
}

export function drive(input: Buffer, pieceBytes: number): ChunkedOutcome {
  const llhttp = new Llhttp(MESSAGE_TYPE.REQUEST);
  try {
    const head = Buffer.from('POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n');
    llhttp.execute(head, 0, head.length);
    llhttp.resume();
    const reader = new ChunkedReader(llhttp, defaultLimits);
    let content = '';
    let taken = 0;
    const sink = {
      onBody: (piece: Buffer): void => {
        content += piece.toString('latin1');
      },
    };
    for (let at = 0; at < input.length && !reader.complete && reader.failure === null; ) {
      const chunk = input.subarray(at, at + pieceBytes);
      taken += reader.read(chunk, 0, sink);
      at += pieceBytes;
    }
    const { trailers, complete, failure, announced } = reader;
    return { content, trailers, complete, failure, announced, taken };
  } finally {
    llhttp.free();
  }
}
