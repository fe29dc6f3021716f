/** What a connection to a backend sends: requests, and what any connection does. */
import type { Socket } from 'node:net';
import type { ReadonlyFieldSection } from '@reverseit/core/http';
import {
  connectionPreface,
  defaultWindow,
  type FloodGuard,
  type RequestPseudoFields,
  SETTING,
  SessionOutput,
  SocketWriter,
  settingsFrame,
  windowUpdateFrame,
} from '@reverseit/core/internal';

/** Most exchanges at a time on one connection, whatever more the backend allows. */
export const maxStreams = 100;

/** What a response that is paused may hold, in bytes (RFC 9113 §6.9.2). */
export const streamWindow = 262_144;
/** As much for each of them: however many are paused, the others go on. */
export const connectionWindow = maxStreams * streamWindow;

/** Advice alone: each response has its own limit. Counted with 32 bytes for each field (RFC 9113 §6.5.2). */
const maxHeaderListSize = 1_048_576;

const preface = Buffer.concat([
  Buffer.from(connectionPreface, 'latin1'),
  settingsFrame([
    [SETTING.ENABLE_PUSH, 0],
    [SETTING.INITIAL_WINDOW_SIZE, streamWindow],
    [SETTING.MAX_HEADER_LIST_SIZE, maxHeaderListSize],
  ]),
  windowUpdateFrame(0, connectionWindow - defaultWindow),
]);

export class Http2Output extends SessionOutput {
  /** A backend that takes nothing is a matter of the exchanges' own deadlines. */
  constructor(socket: Socket, guard: FloodGuard) {
    super(new SocketWriter(socket), guard);
  }

  /** RFC 9113 §3.4. */
  begin(): void {
    this.writer.push(preface);
  }

  sendRequest(
    streamId: number,
    request: RequestPseudoFields,
    fields: ReadonlyFieldSection,
    endStream: boolean,
  ): void {
    this.sendBlock(streamId, this.encoder.encodeRequest(request, fields), endStream);
  }
}
