/**
 * Negotiation of permessage-deflate (RFC 7692 §7.1). An offer whose parameters are
 * unknown, repeated or invalid is declined and the next one looked at (§7.1).
 */
import {
  type Extension,
  type ExtensionParameter,
  formatExtension,
} from '../handshake/extensions.ts';

const extensionName = 'permessage-deflate';

/** What was agreed on. */
export interface DeflateAgreement {
  /** The server forgets its window after each message. */
  readonly serverNoContextTakeover: boolean;
  /** The client forgets its window after each message. */
  readonly clientNoContextTakeover: boolean;
  /** Window of what the server compresses, 8–15. */
  readonly serverMaxWindowBits: number;
  /** Window of what the client compresses, 8–15. */
  readonly clientMaxWindowBits: number;
}

/** What we want to agree on: windows are upper bounds, a takeover that is given up is given up. */
export type DeflatePolicy = DeflateAgreement;

/** As server: an agreement and the value of Sec-WebSocket-Extensions that tells the client of it. */
export interface AcceptedDeflate {
  readonly agreement: DeflateAgreement;
  readonly answer: string;
}

/**
 * What one extension member says; absent parameters are null, `client_max_window_bits` without a value is 0.
 */
interface Parameters {
  serverNoContextTakeover: boolean;
  clientNoContextTakeover: boolean;
  serverMaxWindowBits: number | null;
  clientMaxWindowBits: number | null;
}

/** Server role: takes the first acceptable offer (RFC 7692 §5.1); null where there is none. */
export function acceptDeflate(
  offers: readonly Extension[],
  policy: DeflatePolicy,
): AcceptedDeflate | null {
  for (const offer of offers) {
    const offered = readDeflate(offer);
    if (offered === null) continue;
    // A client that does not offer the parameter cannot be bound by it (§7.1.2.2).
    const clientBits =
      offered.clientMaxWindowBits === null
        ? 15
        : Math.min(policy.clientMaxWindowBits, offered.clientMaxWindowBits || 15);
    const agreement: DeflateAgreement = {
      serverNoContextTakeover: policy.serverNoContextTakeover || offered.serverNoContextTakeover,
      clientNoContextTakeover: policy.clientNoContextTakeover || offered.clientNoContextTakeover,
      serverMaxWindowBits: Math.min(policy.serverMaxWindowBits, offered.serverMaxWindowBits ?? 15),
      clientMaxWindowBits: clientBits,
    };
    const parameters = flags(agreement);
    if (agreement.serverMaxWindowBits < 15 || offered.serverMaxWindowBits !== null) {
      parameters.push(bits('server_max_window_bits', agreement.serverMaxWindowBits));
    }
    if (clientBits < 15 || (offered.clientMaxWindowBits ?? 0) !== 0) {
      parameters.push(bits('client_max_window_bits', clientBits));
    }
    return { agreement, answer: formatExtension({ name: extensionName, parameters }) };
  }
  return null;
}

/** Reads a member; null where it is another extension or a parameter is unknown, repeated or invalid. */
function readDeflate(extension: Extension): Parameters | null {
  if (extension.name !== extensionName) return null;
  const read: Parameters = {
    serverNoContextTakeover: false,
    clientNoContextTakeover: false,
    serverMaxWindowBits: null,
    clientMaxWindowBits: null,
  };
  const seen: string[] = [];
  for (const { name, value } of extension.parameters) {
    if (seen.includes(name) || !readParameter(read, name, value)) return null;
    seen.push(name);
  }
  return read;
}

function readParameter(into: Parameters, name: string, value: string | null): boolean {
  switch (name) {
    case 'server_no_context_takeover':
      into.serverNoContextTakeover = true;
      return value === null;
    case 'client_no_context_takeover':
      into.clientNoContextTakeover = true;
      return value === null;
    case 'server_max_window_bits':
      into.serverMaxWindowBits = readBits(value);
      return into.serverMaxWindowBits !== null;
    case 'client_max_window_bits':
      // Without a value: the client can be told any (§7.1.2.2).
      into.clientMaxWindowBits = value === null ? 0 : readBits(value);
      return into.clientMaxWindowBits !== null;
    default:
      return false;
  }
}

/** 8–15, no leading zero (RFC 7692 §7.1.2). */
function readBits(value: string | null): number | null {
  const index = ['8', '9', '10', '11', '12', '13', '14', '15'].indexOf(value ?? '');
  return index === -1 ? null : index + 8;
}

function flags(agreement: DeflateAgreement): ExtensionParameter[] {
  const parameters: ExtensionParameter[] = [];
  if (agreement.serverNoContextTakeover) {
    parameters.push({ name: 'server_no_context_takeover', value: null });
  }
  if (agreement.clientNoContextTakeover) {
    parameters.push({ name: 'client_no_context_takeover', value: null });
  }
  return parameters;
}

function bits(name: string, value: number): ExtensionParameter {
  return { name, value: String(value) };
}
