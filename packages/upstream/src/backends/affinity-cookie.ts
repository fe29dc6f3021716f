/**
 * Sticky sessions by a cookie. Its value stands for a backend's name and is made of it by a hash: every
 * replica knows it without asking, and it names no address. With a secret nobody can find a backend out by
 * guessing, or choose one.
 */
import { createHash, createHmac } from 'node:crypto';

export interface AffinityRules {
  /** Name of the cookie: a token. */
  readonly cookie: string;
  /** In seconds; null: until the browser closes. */
  readonly maxAge: number | null;
  readonly path: string;
  readonly sameSite: 'lax' | 'strict' | 'none';
  /** null: where the client's connection is encrypted. */
  readonly secure: boolean | null;
  /** Empty for none. */
  readonly secret: string;
}

/** Characters of an id: 128 bits in base64url. */
const idLength = 22;

export class AffinityCookie {
  readonly #rules: AffinityRules;
  readonly #attributes: string;

  constructor(rules: AffinityRules) {
    this.#rules = rules;
    const { path, maxAge, sameSite } = rules;
    const age = maxAge === null ? '' : `; Max-Age=${maxAge}`;
    const site = `${sameSite.charAt(0).toUpperCase()}${sameSite.slice(1)}`;
    this.#attributes = `; Path=${path}${age}; HttpOnly; SameSite=${site}`;
  }

  /** What stands for a backend. */
  idOf(backend: string): string {
    const { secret } = this.#rules;
    const hash = secret === '' ? createHash('sha256') : createHmac('sha256', secret);
    return hash.update(backend).digest('base64url').slice(0, idLength);
  }

  /** The id in a Cookie field (RFC 6265 §4.2.1); null where there is none. The first of that name counts. */
  read(field: string): string | null {
    const { cookie } = this.#rules;
    for (let start = 0; start < field.length; ) {
      const semicolon = field.indexOf(';', start);
      const end = semicolon === -1 ? field.length : semicolon;
      while (field.charCodeAt(start) === 0x20) start++;
      if (field.startsWith(cookie, start) && field.charCodeAt(start + cookie.length) === 0x3d) {
        const value = field.slice(start + cookie.length + 1, end).trim();
        return value.length === idLength ? value : null;
      }
      start = end + 1;
    }
    return null;
  }

  /** The value of a Set-Cookie field that binds the client to a backend. */
  serialize(id: string, isEncrypted: boolean): string {
    const secure = this.#rules.secure ?? isEncrypted;
    return `${this.#rules.cookie}=${id}${this.#attributes}${secure ? '; Secure' : ''}`;
  }
}
