/** Version 1, a line of text (proxy-protocol §2.1). */
import { formatIpAddress, parseIpAddress } from '../addresses/ip-address.ts';
import { bareHeader, type ProxyAddress, type ProxyHeader } from './proxy-header.ts';

/** With its line end. */
export const maxTextBytes = 107;

/** Reads a line without its line end. A text in place of a header says what is wrong. */
export function parseTextHeader(line: string): ProxyHeader | string {
  const parts = line.split(' ');
  const [name, protocol, source = '', destination = '', sourcePort = '', destinationPort = ''] =
    parts;
  if (name !== 'PROXY') return 'the line does not begin with PROXY';
  // What follows is to be ignored: an address of which the sender knows nothing.
  if (protocol === 'UNKNOWN') return { ...bareHeader, version: 1, command: 'proxy' };
  if (protocol !== 'TCP4' && protocol !== 'TCP6') return 'unknown protocol';
  if (parts.length !== 6) return 'expected two addresses and two ports';
  const from = addressOf(protocol, source, sourcePort);
  const to = addressOf(protocol, destination, destinationPort);
  if (from === null || to === null) return 'malformed address or port';
  return {
    ...bareHeader,
    version: 1,
    command: 'proxy',
    family: protocol === 'TCP4' ? 'tcp4' : 'tcp6',
    source: from,
    destination: to,
  };
}

function addressOf(protocol: 'TCP4' | 'TCP6', text: string, port: string): ProxyAddress | null {
  const number = readPort(port);
  const address = text.includes('%') ? null : parseIpAddress(text);
  if (address === null || number < 0 || text.includes(':') !== (protocol === 'TCP6')) return null;
  return { address: formatIpAddress(address), port: number };
}

/** Decimal from 0 to 65535 without leading zeros; -1 for anything else. */
function readPort(text: string): number {
  if (!/^(?:0|[1-9]\d{0,4})$/.test(text)) return -1;
  const port = Number(text);
  return port <= 65535 ? port : -1;
}
