/** Proxy-Status (RFC 9209): what became of a request, without a word about what is inside. Pure. */
import { type ErrorCode, proxyErrorType } from '@reverseit/core/errors';
import type { ReadonlyFieldSection } from '@reverseit/core/http';

const none: ReadonlyFieldSection = [];

/** The field for an error, or nothing where it is not sent. */
export function failureFields(status: ProxyStatus | null, code: ErrorCode): ReadonlyFieldSection {
  return status === null ? none : ['proxy-status', status.failed(code)];
}

export class ProxyStatus {
  readonly #name: string;

  /** A token that names us. */
  constructor(name: string) {
    this.#name = name;
  }

  /** For an answer of ours to a request that failed. */
  failed(code: ErrorCode): string {
    return `${this.#name}; error=${proxyErrorType(code)}`;
  }

  /** For a response that the backend gave. */
  received(status: number): string {
    return `${this.#name}; received-status=${status}`;
  }
}
