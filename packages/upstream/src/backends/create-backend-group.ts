/** Makes groups of backends: of what a user wrote, or of options that are checked already. */
import { createError, type ReverseItError } from '@reverseit/core/errors';
import { resolveOptions } from '@reverseit/core/options';
import { type OriginOptions, type OriginValues, originOptions } from '../options/origin-options.ts';
import { ConnectionPool, type Pool } from '../pool/pool.ts';
import {
  type BackendGroup,
  type CheckedBackendGroup,
  Group,
  type GroupObserver,
} from './backend-group.ts';
import type { BackendStateChange } from './backend-status.ts';
import type { RandomSource } from './balance/policy.ts';
import { type BackendInput, type BackendSpec, resolveBackendList } from './options/backend-list.ts';
import { discoveryFault } from './options/discovery-options.ts';
import { type GroupOptions, type GroupValues, groupOptions } from './options/group-options.ts';

/** Beside the table: what is code. */
export interface BackendGroupOptions extends GroupOptions {
  /** Called with each change of a backend's state. Must not throw. */
  readonly onBackendState?: ((change: BackendStateChange) => void) | undefined;
  /** Called with `RIT_ERR_DISCOVERY` when a look-up fails for another reason than the last one. Must not throw. */
  readonly onDiscoveryError?: ((error: ReverseItError) => void) | undefined;
  /** As of an origin. Default: true. */
  readonly checkRequests?: boolean | undefined;
  /** As of an origin. Default: "pooled". */
  readonly connection?: OriginOptions['connection'];
}

/**
 * Makes a group of backends on the connections of a pool.
 * @param random chance, for tests
 * @throws ConfigError `RIT_ERR_CONFIG` that names every fault
 */
export function createBackendGroup(
  pool: Pool,
  list: BackendInput | readonly BackendInput[],
  options: BackendGroupOptions = {},
  random: () => number = Math.random,
): BackendGroup {
  const { onBackendState, onDiscoveryError, checkRequests, connection, ...given } = options;
  const values = resolveOptions(groupOptions, given);
  const origin = resolveOptions(originOptions, { checkRequests, connection });
  const specs = resolveBackendList(list);
  const fault = discoveryFault(values, specs);
  if (fault !== null) throw createError('RIT_ERR_CONFIG', fault);
  return makeBackendGroup(pool, specs, values, origin, random, {
    onBackendState: onBackendState ?? null,
    onDiscoveryError: onDiscoveryError ?? null,
  });
}

/**
 * The same of options that are checked already.
 * @param former what it knows of its backends, and its discovery found, the new one begins with
 */
export function makeBackendGroup(
  pool: Pool,
  list: readonly BackendSpec[],
  values: GroupValues,
  origin: OriginValues,
  random: RandomSource,
  observer: GroupObserver,
  former: CheckedBackendGroup | null = null,
): CheckedBackendGroup {
  if (!(pool instanceof ConnectionPool)) {
    throw createError(
      'RIT_ERR_CONFIG',
      'createBackendGroup: expected a pool that createPool has made',
    );
  }
  const group = new Group(pool, values, origin, observer, random);
  if (former instanceof Group) group.inherit(former);
  group.replace(list);
  return group;
}
