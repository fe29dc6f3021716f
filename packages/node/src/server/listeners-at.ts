/** What `listen` is given in place of the option of that name. */
import type { ListenTarget } from '@reverseit/core';
import { createError } from '@reverseit/core/errors';
import { Faults, faultText, isPlainObject, show } from '@reverseit/core/options';
import {
  defaultAddress,
  type ListenInput,
  listenAccepted,
  type ResolvedListener,
  readListeners,
  withTrustedPeers,
} from '../options/listeners/listener-options.ts';
import type { ResolvedProxyOptions } from '../options/resolve-proxy-options.ts';

/**
 * The listeners that it means, with the server's options as their defaults; undefined means the option's default.
 * @throws ConfigError `RIT_ERR_LISTEN` where it means none
 */
export function listenersAt(
  where: ListenInput | readonly ListenInput[] | undefined,
  { server, trustedProxies }: Pick<ResolvedProxyOptions, 'server' | 'trustedProxies'>,
): readonly ResolvedListener[] {
  // Node knows more hosts than can be written in one text: an address goes as it is.
  const faults = new Faults();
  if (isAddress(where)) {
    const plain = [{ target: { ...where }, server, redirect: null }];
    return withTrustedPeers(plain, trustedProxies, faults);
  }
  const given = readListeners(
    where === undefined ? defaultAddress : where,
    'listen',
    server,
    faults,
  );
  const found = withTrustedPeers(given, trustedProxies, faults);
  if (faults.list.length === 0) return found;
  const isText = typeof where !== 'object' || where === null;
  const reason = isText
    ? ` on ${show(where)}; expected ${listenAccepted}`
    : `: ${faultText(faults.list)}`;
  throw createError('RIT_ERR_LISTEN', `cannot listen${reason}`);
}

const isAddress = (where: unknown): where is ListenTarget =>
  isPlainObject(where) && Object.keys(where).every((key) => ['host', 'port', 'path'].includes(key));
