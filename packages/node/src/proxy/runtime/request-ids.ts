/** Gives requests their ids: makes one, or keeps that of a client that is trusted. */
import { randomUUID } from 'node:crypto';
import type { Exchange } from '@reverseit/core';

export interface RequestIdOptions {
  /** In lower case. */
  readonly header: string;
  /** A valid id of the client is kept. */
  readonly trust: boolean;
}

/** What may stand in logs, URLs and header values as it is. */
const idText = /^[\w.~+/=:@-]{1,128}$/;

export class RequestIds {
  /** In lower case. */
  readonly header: string;
  readonly #trust: boolean;

  constructor({ header, trust }: RequestIdOptions) {
    this.header = header;
    this.#trust = trust;
  }

  /** The id of a request, which from now on bears it, and whose response will. */
  assign(exchange: Exchange): string {
    const { header } = this;
    const { headers } = exchange.head;
    // Whatever an application behind a gateway could take for it.
    headers.removeDisguised(header);
    const given = headers.get(header);
    const id = given === undefined ? randomUUID() : this.#replace(exchange, given);
    if (given === undefined) headers.appendChecked(header, id);
    exchange.addedHeader = { name: header, value: id };
    return id;
  }

  #replace({ head: { headers } }: Exchange, given: string): string {
    const isKept = this.#trust && idText.test(given) && headers.getAll(this.header).length === 1;
    if (isKept) return given;
    const id = randomUUID();
    headers.set(this.header, id);
    return id;
  }
}
