/** Which of the protocols that clients offer to switch to a route lets through (RFC 9110 §7.8). Pure. */
import {
  equalsIgnoreCase,
  type ReadonlyFieldSection,
  readUpgrade,
  toLowerAscii,
} from '@reverseit/core/http';

/** The one protocol whose messages are checked (RFC 6455); all others are bytes. */
export const webSocketProtocol = 'websocket';

export class UpgradeRules {
  readonly #allowed: readonly string[];

  /** `allowed` are protocols in lower case; one without a version stands for all versions of its name. */
  constructor(allowed: readonly string[]) {
    this.#allowed = allowed;
  }

  /**
   * What to ask the backend for: `webSocketProtocol` where that is what the client prefers, else the
   * protocols that the route allows, as the client has sent them. Null where there is none: then the
   * request goes on without its offer.
   */
  choose(fields: ReadonlyFieldSection): string | null {
    let tunnels: string | null = null;
    for (const protocol of readUpgrade(fields) ?? []) {
      if (!this.#allows(protocol)) continue;
      if (!equalsIgnoreCase(protocol, webSocketProtocol)) {
        tunnels = tunnels === null ? protocol : `${tunnels}, ${protocol}`;
      } else if (tunnels === null) return webSocketProtocol;
    }
    return tunnels;
  }

  #allows(protocol: string): boolean {
    for (const allowed of this.#allowed) {
      if (equalsIgnoreCase(protocol, allowed)) return true;
      const isName = protocol.charCodeAt(allowed.length) === 0x2f && !allowed.includes('/');
      // `websocket/…` names something else than RFC 6455.
      if (!isName || allowed === webSocketProtocol) continue;
      if (equalsIgnoreCase(protocol.substring(0, allowed.length), allowed)) return true;
    }
    return false;
  }
}

/** Whether a backend's 101 names protocols of the offer, and no other. */
export function isOffered(fields: ReadonlyFieldSection, offer: string): boolean {
  const chosen = readUpgrade(fields) ?? [];
  const offered = readUpgrade(['upgrade', toLowerAscii(offer)]) ?? [];
  return (
    chosen.length > 0 &&
    chosen.every((protocol) => offered.some((one) => equalsIgnoreCase(protocol, one)))
  );
}
