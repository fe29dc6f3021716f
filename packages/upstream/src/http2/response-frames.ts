/** What the frames of a backend mean: header blocks are responses, or trailers of those (RFC 9113 §8.1). */
import {
  COST,
  type FloodGuard,
  type FramedSession,
  PeerSettings,
  ResponseGatherer,
  SessionFrames,
} from '@reverseit/core/internal';
import { connectionWindow } from './http2-output.ts';
import type { Http2Stream } from './http2-stream.ts';

/** Of a stream that is over, whose fields nobody wants. */
const noBytes = 0;

/** The connection whose frames they are. */
export interface ResponseSession extends FramedSession<Http2Stream> {
  /** So many streams may be open at a time, by the latest settings. */
  onStreamLimit(streams: number): void;
}

export class ResponseFrames extends SessionFrames<Http2Stream> {
  declare protected readonly session: ResponseSession;
  readonly #gatherer = new ResponseGatherer();

  constructor(session: ResponseSession, guard: FloodGuard) {
    super(session, guard, new PeerSettings('server'), connectionWindow);
  }

  /** RFC 9113 §5.1.1: even ones are a server's, which must open none. */
  protected isIdle(streamId: number): boolean {
    return streamId % 2 === 0 || this.session.streams.stateOf(streamId) === 'idle';
  }

  protected onPeerSettings(): void {
    this.session.feed.spend(COST.MESSAGE);
    this.session.onStreamLimit(this.peer.maxStreams);
  }

  onHeaders(streamId: number, block: Buffer, endStream: boolean): void {
    const stream = this.session.streams.get(streamId);
    const gatherer = this.#gatherer;
    gatherer.begin(stream?.headSeen === true, stream?.maxHeaderBytes ?? noBytes);
    if (!this.decode(block, gatherer)) return;
    gatherer.end();
    if (stream === undefined) this.onClosedStream(streamId, 'HEADERS');
    else stream.onHeaders(gatherer, endStream);
  }
}
