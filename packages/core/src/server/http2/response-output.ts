/** What the connection of a client sends: responses, and what any connection does. */
import type { Socket } from 'node:net';
import type { ReverseItError } from '../../errors/reverseit-error.ts';
import type { ReadonlyFieldSection } from '../../http/field-section.ts';
import type { FloodGuard } from '../../http2/flood-guard.ts';
import { dataFrameHeader, settingsFrame, windowUpdateFrame } from '../../http2/frame-writer.ts';
import { defaultWindow } from '../../http2/protocol.ts';
import { SessionOutput } from '../../http2/session/session-output.ts';
import { SocketWriter, type SocketWriterOwner } from '../../socket/socket-writer.ts';
import type { DeadlineQueue } from '../../time/deadlines.ts';
import { errorFields, errorText } from '../exchange/error-response.ts';
import { wholeResponseHeaders } from '../exchange/whole-response.ts';
import { type Http2Limits, serverSettings, windows } from './server-settings.ts';

export class ResponseOutput extends SessionOutput {
  readonly sendDeadlines: DeadlineQueue;

  constructor(
    socket: Socket,
    sendDeadlines: DeadlineQueue,
    guard: FloodGuard,
    owner: SocketWriterOwner,
  ) {
    super(new SocketWriter(socket, sendDeadlines, owner), guard);
    this.sendDeadlines = sendDeadlines;
  }

  /** Our part of the preface (RFC 9113 §3.4). */
  begin(limits: Http2Limits): void {
    this.writer.push(settingsFrame(serverSettings(limits)));
    this.writer.push(windowUpdateFrame(0, windows.connection - defaultWindow));
  }

  sendHeaders(
    streamId: number,
    status: number,
    fields: ReadonlyFieldSection,
    endStream: boolean,
  ): void {
    this.countUnread(this.sendBlock(streamId, this.encoder.encode(status, fields), endStream));
  }

  /**
   * Sends the response to a request that never became an exchange, `toHead` without its body. Its body does not wait
   * either: it is left out where `window`, of the stream, or that of the connection has no room for it. Returns its length.
   */
  sendRefusal(
    streamId: number,
    error: ReverseItError,
    more: ReadonlyFieldSection,
    toHead: boolean,
    window: number,
  ): number {
    const { status } = error;
    const text = errorText(status);
    const { length } = text;
    const hasRoom = length <= Math.min(window, this.sendWindow);
    const fields = [...errorFields(error), ...more];
    const headers = hasRoom
      ? wholeResponseHeaders(status, fields, length)
      : wholeResponseHeaders(status, fields.slice(2), 0);
    const isEmpty = toHead || !hasRoom;
    this.sendHeaders(streamId, status, headers.fields, isEmpty);
    if (isEmpty) return 0;
    this.sendWindow -= length;
    this.writer.push(dataFrameHeader(streamId, length, true));
    this.writer.pushLast(Buffer.from(text, 'latin1'));
    return length;
  }
}
