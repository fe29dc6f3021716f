/** Opens the admin listener of a proxy or a cluster. Its package is loaded only then. */
import type { AdminListenerOptions, AdminTarget } from '@reverseit/admin';
import { createError } from '@reverseit/core/errors';
import { messageOf } from '@reverseit/core/internal';
import type { AdminValues } from '../options/admin-options.ts';
import { type Address, addressOf } from './address.ts';

/** What a listener can be told later. */
export interface OpenAdmin {
  address(): Address | null;
  /** Of the options, all but the address. */
  update(values: AdminAccess): void;
  close(): Promise<void>;
}

/** Of the option `admin`, what goes to another process as well. */
export type AdminAccess = Pick<AdminValues, 'listen' | 'token' | 'hosts'>;

/**
 * Resolves when it listens.
 * @throws ConfigError `RIT_ERR_LISTEN` where the address cannot be had
 */
export async function openAdmin(values: AdminAccess, target: AdminTarget): Promise<OpenAdmin> {
  const { createAdminListener } = await import('@reverseit/admin');
  const listener = createAdminListener(accessOf(values), target);
  try {
    await listener.listen(values.listen);
  } catch (cause) {
    throw createError('RIT_ERR_LISTEN', `admin: ${messageOf(cause)}`, { cause });
  }
  return {
    address: () => addressOf(listener.address()),
    update: (next) => listener.update(accessOf(next)),
    close: () => listener.close(),
  };
}

function accessOf({ listen, token, hosts }: AdminAccess): AdminListenerOptions {
  const own = 'host' in listen && listen.host !== undefined ? [listen.host.toLowerCase()] : [];
  // Nobody can lure a browser to a socket of the file system.
  return { token, hosts: 'path' in listen ? ['*'] : [...hosts, ...own] };
}
