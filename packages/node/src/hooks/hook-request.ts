import { createError } from '@reverseit/core/errors';
import type { RequestHead } from '@reverseit/core/http1';
import { asksForWebSocket } from '@reverseit/core/websocket';
import { HeaderList } from './header-list.ts';
import type { HookRequest } from './hooks.ts';

/** What `onRequest` sees of a request: its own head, so that a change is a change. */
export class RequestView implements HookRequest {
  readonly #head: RequestHead;
  readonly headers: HeaderList;

  constructor(head: RequestHead) {
    this.#head = head;
    this.headers = new HeaderList(head.headers, true);
  }

  get method(): string {
    return this.#head.method;
  }

  get target(): string {
    return this.#head.target;
  }

  set target(target: string) {
    if (typeof target !== 'string' || !/^\/[\x21-\x22\x24-\x7e]*$/.test(target)) {
      throw createError(
        'RIT_ERR_INTERNAL',
        'a hook set an invalid request.target; expected a path and query',
      );
    }
    this.#head.target = target;
  }

  get authority(): string | null {
    return this.#head.authority;
  }

  get httpVersion(): '1.0' | '1.1' | '2.0' {
    return this.#head.httpVersion;
  }

  get websocket(): boolean {
    const head = this.#head;
    return head.upgrade && asksForWebSocket(head);
  }
}
