import { describe, expect, it } from 'vitest';
import { type Extension, readExtensions } from '../handshake/extensions.ts';
import { acceptDeflate, type DeflatePolicy } from './permessage-deflate.ts';

const open: DeflatePolicy = {
  serverNoContextTakeover: false,
  clientNoContextTakeover: false,
  serverMaxWindowBits: 15,
  clientMaxWindowBits: 15,
};
const narrow: DeflatePolicy = { ...open, serverMaxWindowBits: 12, clientMaxWindowBits: 11 };
const forgetful: DeflatePolicy = {
  ...open,
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
};

const parse = (value: string): Extension[] => readExtensions([value]) ?? [];

it.each(['"x y"', '""', '"10 "'])(
  'RFC 7692 §7.1: declines an offer of windows of %s, and takes the next',
  (bits) => {
    const offer = `permessage-deflate; server_max_window_bits=${bits}`;
    const read = (value: string): Extension[] => readExtensions([value], 'any') ?? [];
    expect(acceptDeflate(read(offer), open)).toBeNull();
    const accepted = acceptDeflate(read(`${offer}, permessage-deflate`), open);
    expect(accepted?.answer).toBe('permessage-deflate');
  },
);

describe('as server (RFC 7692 §7.1)', () => {
  const cases: [string, DeflatePolicy, string, Partial<DeflatePolicy>][] = [
    ['permessage-deflate', open, 'permessage-deflate', {}],
    ['permessage-deflate; client_max_window_bits', open, 'permessage-deflate', {}],
    [
      'permessage-deflate; client_max_window_bits; server_max_window_bits=10',
      open,
      'permessage-deflate; server_max_window_bits=10',
      { serverMaxWindowBits: 10 },
    ],
    [
      'permessage-deflate; server_max_window_bits="8"; client_max_window_bits=9',
      open,
      'permessage-deflate; server_max_window_bits=8; client_max_window_bits=9',
      { serverMaxWindowBits: 8, clientMaxWindowBits: 9 },
    ],
    [
      'permessage-deflate; server_max_window_bits=15; client_max_window_bits=15',
      open,
      'permessage-deflate; server_max_window_bits=15; client_max_window_bits=15',
      {},
    ],
    [
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
      open,
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
      { serverNoContextTakeover: true, clientNoContextTakeover: true },
    ],
    [
      'permessage-deflate',
      forgetful,
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
      { serverNoContextTakeover: true, clientNoContextTakeover: true },
    ],
    // §7.1.2.2: a client that did not offer its parameter cannot be bound by it.
    [
      'permessage-deflate',
      narrow,
      'permessage-deflate; server_max_window_bits=12',
      { serverMaxWindowBits: 12 },
    ],
    [
      'permessage-deflate; client_max_window_bits',
      narrow,
      'permessage-deflate; server_max_window_bits=12; client_max_window_bits=11',
      { serverMaxWindowBits: 12, clientMaxWindowBits: 11 },
    ],
    [
      'permessage-deflate; client_max_window_bits=9; server_max_window_bits=9',
      narrow,
      'permessage-deflate; server_max_window_bits=9; client_max_window_bits=9',
      { serverMaxWindowBits: 9, clientMaxWindowBits: 9 },
    ],
    // §7.1: the next offer is looked at.
    [
      'permessage-deflate; server_max_window_bits=7, foo, permessage-deflate; client_no_context_takeover, permessage-deflate',
      open,
      'permessage-deflate; client_no_context_takeover',
      { clientNoContextTakeover: true },
    ],
  ];
  it.each(cases)('%s', (offer, policy, answer, agreement) => {
    const accepted = acceptDeflate(parse(offer), policy);
    expect(accepted).toEqual({ answer, agreement: { ...open, ...agreement } });
  });

  it.each([
    '',
    'foo',
    'x-webkit-deflate-frame',
    'Permessage-Deflate',
    'permessage-deflate; unknown',
    'permessage-deflate; unknown=1',
    'permessage-deflate; Server_No_Context_Takeover',
    'permessage-deflate; server_no_context_takeover=1',
    'permessage-deflate; client_no_context_takeover=true',
    'permessage-deflate; server_no_context_takeover; server_no_context_takeover',
    'permessage-deflate; client_no_context_takeover; client_no_context_takeover',
    'permessage-deflate; server_max_window_bits',
    'permessage-deflate; server_max_window_bits=7',
    'permessage-deflate; server_max_window_bits=16',
    'permessage-deflate; server_max_window_bits=08',
    'permessage-deflate; server_max_window_bits=1e1',
    'permessage-deflate; server_max_window_bits=10; server_max_window_bits=10',
    'permessage-deflate; client_max_window_bits=7',
    'permessage-deflate; client_max_window_bits=16',
    'permessage-deflate; client_max_window_bits=0',
    'permessage-deflate; client_max_window_bits; client_max_window_bits',
    'permessage-deflate; client_max_window_bits; client_max_window_bits=10',
  ])('%j is declined (RFC 7692 §7.1)', (offer) => {
    expect(acceptDeflate(parse(offer), open)).toBeNull();
  });
});
