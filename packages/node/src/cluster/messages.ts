/** What the primary of a cluster and its workers say to each other. */
import type { ProxyStats } from '@reverseit/admin';

import type { ListenTarget } from '@reverseit/core';
import type { ErrorCode } from '@reverseit/core/errors';
import type { ConfigurationSource } from '../config/configuration.ts';
import type { Address } from '../server/address.ts';
import type { ReverseItStats } from '../server/create-server.ts';
import type { AdminAccess } from '../server/open-admin.ts';

/** What a worker makes its proxy of. */
export interface WorkerSource extends ConfigurationSource {}

/** What the primary has to know of the configuration that a worker has read. */
export interface WorkerFacts {
  /** Of the admin listener, which is the primary's; null without. */
  readonly admin: AdminAccess | null;
  /** Where its listeners listen. */
  readonly listen: readonly ListenTarget[];
  /** How many workers are wanted. */
  readonly workers: number;
  /** In ms. */
  readonly closeTimeout: number;
  /** In ms. */
  readonly shutdownDelay: number;
}

export type ToWorker =
  | { readonly kind: 'start'; readonly source: WorkerSource }
  | { readonly kind: 'listen'; readonly where: readonly ListenTarget[] }
  | { readonly kind: 'stats'; readonly question: number }
  | { readonly kind: 'metrics'; readonly question: number }
  | {
      readonly kind: 'drain' | 'enable';
      readonly question: number;
      readonly backend: string;
    }
  /** Open the files of logs again. */
  | { readonly kind: 'reopen-logs' }
  /** Let each connection end by its next response: all of it closes `delay` ms later at the latest. */
  | { readonly kind: 'close-soon'; readonly delay: number }
  /** Finish what is in progress, for at most `timeout` ms, and end. */
  | { readonly kind: 'close'; readonly timeout: number }
  /** End: the primary knows that it has closed, and hands nothing over any more. */
  | { readonly kind: 'leave' };

export type FromWorker =
  /** It hears messages from now on. */
  | { readonly kind: 'hello' }
  /** It has read its configuration, and listens when it is told to. */
  | { readonly kind: 'ready'; readonly facts: WorkerFacts }
  | { readonly kind: 'listening'; readonly addresses: readonly Address[] }
  /** It cannot serve: its configuration is invalid, or it cannot listen. */
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: 'answer'; readonly question: number; readonly answer: WorkerAnswer }
  /** It has closed, and has counted so much in all; ends once it is told to leave. */
  | { readonly kind: 'closed'; readonly metrics: ProxyStats | null };

/** To `stats` and `metrics`: null where there are none; to `drain` and `enable`: whether it has a backend of that name. */
export type WorkerAnswer = ReverseItStats | ProxyStats | boolean | null;

const label = 'reverseit';

/** A message as it goes over the channel, which the application may use as well. */
export const enveloped = (message: ToWorker | FromWorker) => ({ [label]: message });

/** The message in what came over the channel; null where it is none of ours. */
export function messageIn<Message extends ToWorker | FromWorker>(value: unknown): Message | null {
  if (typeof value !== 'object' || value === null || !(label in value)) return null;
  // Both ends of the channel are of this version.
  return value[label] as Message;
}
