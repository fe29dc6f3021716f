/**
 * Server-sent events out of text that comes in chunks (WHATWG HTML §9.2.6). `EventSource` cannot send an
 * `Authorization` header, so the page reads the stream by `fetch` and takes it apart here.
 */

export interface ServerEvent {
  /** `message` where the stream names none. */
  readonly type: string;
  readonly data: string;
}

/** Of one event; a longer one is no event of ours. */
const maxEventLength = 64 * 2 ** 20;

export class EventParser {
  #rest = '';
  #type = '';
  #data: string[] = [];
  #length = 0;
  #isStart = true;
  /** The last chunk ended with CR: an LF that follows belongs to it. */
  #endedWithReturn = false;

  /**
   * The events that are complete with this chunk.
   * @throws RangeError where an event is too long
   */
  push(chunk: string): readonly ServerEvent[] {
    if (chunk === '') return [];
    let text = chunk;
    if (this.#isStart) {
      this.#isStart = false;
      if (text.startsWith('\uFEFF')) text = text.slice(1);
    }
    if (this.#endedWithReturn && text.startsWith('\n')) text = text.slice(1);
    this.#endedWithReturn = chunk.endsWith('\r');
    // Only the chunk is searched for ends of lines, so that a long line costs no more than its length.
    const lines = text.split(/\r\n|\r|\n/);
    const events: ServerEvent[] = [];
    const last = lines.length - 1;
    for (const [i, line] of lines.entries()) {
      this.#length += line.length;
      if (this.#length > maxEventLength) throw new RangeError('server-sent event is too long');
      if (i === last) {
        this.#rest += line;
      } else {
        const event = this.#line(this.#rest + line);
        this.#rest = '';
        if (event !== null) events.push(event);
      }
    }
    return events;
  }

  #line(line: string): ServerEvent | null {
    if (line === '') return this.#end();
    const colon = line.indexOf(':');
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'data') this.#data.push(value);
    else if (name === 'event') this.#type = value;
    return null;
  }

  #end(): ServerEvent | null {
    const event = { type: this.#type || 'message', data: this.#data.join('\n') };
    const isEmpty = this.#data.length === 0;
    this.#type = '';
    this.#data = [];
    this.#length = 0;
    return isEmpty ? null : event;
  }
}
