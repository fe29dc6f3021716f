import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readExtensions } from '../handshake/extensions.ts';
import { acceptDeflate, type DeflatePolicy } from './permessage-deflate.ts';

const bits = fc.integer({ min: 8, max: 15 });
const policies = fc.record({
  serverNoContextTakeover: fc.boolean(),
  clientNoContextTakeover: fc.boolean(),
  serverMaxWindowBits: bits,
  clientMaxWindowBits: bits,
});

/** What a client with these limits offers (§7.1). */
const offerOf = (client: DeflatePolicy): string =>
  [
    'permessage-deflate',
    ...(client.serverNoContextTakeover ? ['server_no_context_takeover'] : []),
    ...(client.clientNoContextTakeover ? ['client_no_context_takeover'] : []),
    `server_max_window_bits=${client.serverMaxWindowBits}`,
    `client_max_window_bits=${client.clientMaxWindowBits}`,
  ].join('; ');

it('what a client offers is agreed on within the limits of both (RFC 7692 §7.1)', () => {
  fc.assert(
    fc.property(policies, policies, (client, server) => {
      const accepted = acceptDeflate(readExtensions([offerOf(client)]) ?? [], server);
      const agreed = {
        serverNoContextTakeover: client.serverNoContextTakeover || server.serverNoContextTakeover,
        clientNoContextTakeover: client.clientNoContextTakeover || server.clientNoContextTakeover,
        serverMaxWindowBits: Math.min(client.serverMaxWindowBits, server.serverMaxWindowBits),
        clientMaxWindowBits: Math.min(client.clientMaxWindowBits, server.clientMaxWindowBits),
      };
      expect(accepted).toEqual({ agreement: agreed, answer: offerOf(agreed) });
    }),
  );
});

it('any offer is accepted within the policy or declined', () => {
  const names = fc.constantFrom(
    'server_no_context_takeover',
    'client_no_context_takeover',
    'server_max_window_bits',
    'client_max_window_bits',
    'other',
  );
  const values = fc.option(fc.constantFrom('7', '8', '15', '16', '010', 'x'));
  const offers = fc.array(
    fc.record({
      name: fc.constantFrom('permessage-deflate', 'foo'),
      parameters: fc.array(fc.record({ name: names, value: values }), { maxLength: 4 }),
    }),
  );
  fc.assert(
    fc.property(offers, policies, (list, policy) => {
      const accepted = acceptDeflate(list, policy);
      if (accepted === null) return;
      expect(accepted.agreement.serverMaxWindowBits).toBeLessThanOrEqual(
        policy.serverMaxWindowBits,
      );
      expect(readExtensions([accepted.answer])).toHaveLength(1);
    }),
  );
});
