/** All floods. */
import type { Flood } from './flood.ts';
import { backendFloods } from './floods/backends.ts';
import { bodyFloods } from './floods/bodies.ts';
import { connectionFloods } from './floods/connections.ts';
import { http2ClientFloods } from './floods/http2-clients.ts';
import { requestFloods } from './floods/requests.ts';
import { websocketFloods } from './floods/websockets.ts';

export const floods: readonly Flood[] = [
  ...connectionFloods,
  ...requestFloods,
  ...bodyFloods,
  ...websocketFloods,
  ...http2ClientFloods,
  ...backendFloods,
];

/** @throws Error where there is none of this name. */
export function floodNamed(name: string): Flood {
  const found = floods.find((flood) => flood.name === name);
  if (found === undefined) throw new Error(`there is no flood ${name}`);
  return found;
}
