/**
 * Counts what is alive in this process, so that a test can say: what was opened is closed again.
 *
 * `process.getActiveResourcesInfo()` lists only what keeps the process up, and an idle pooled socket
 * or an unreferenced timer does not. So handles and timers are followed by an async hook as well, from
 * the first census on.
 */
import { createHook, type HookCallbacks } from 'node:async_hooks';
import { eventually } from './guard.ts';
import { stillOpen } from './registry.ts';

/** What was alive at one moment. */
export interface Census {
  /** Kinds of resource and how many of each keep the process up. */
  readonly resources: ReadonlyMap<string, number>;
  /** Sockets, servers, watchers and timers made since the first census and not gone, referenced or not. */
  readonly handles: ReadonlySet<number>;
  /** Helpers of this package that are open, a line each. */
  readonly helpers: readonly string[];
  /** What `countInCensus` was given, by name. */
  readonly counts: ReadonlyMap<string, number>;
}

interface Handle {
  readonly type: string;
  readonly trace: Error;
}

// Names of libuv handles as async_hooks knows them. TLS and HTTP/2 objects are destroyed when they are
// collected, not when they are closed; the TCP socket below them is what counts.
const followed = new Set([
  'TCPWRAP',
  'TCPSERVERWRAP',
  'PIPEWRAP',
  'PIPESERVERWRAP',
  'PROCESSWRAP',
  'FSEVENTWRAP',
  'Timeout',
]);
/** Resources that the counting itself, the test runner or the loader uses. */
const ignoredResources = new Set(['Immediate', 'FSReqPromise', 'FSReqCallback', 'MessagePort']);
const runner = /node_modules[/\\](?:\.pnpm[/\\])?(?:@?vitest|tinypool|birpc|vite)/;

const handles = new Map<number, Handle>();
let following = false;

function follow(): void {
  if (following) return;
  following = true;
  createHook({
    init(id, type) {
      if (!followed.has(type)) return;
      handles.set(id, { type, trace: traceNow() });
    },
    destroy(id) {
      handles.delete(id);
    },
    // Node 24 can leave promises out, which makes the hook cheap; older ones ignore the key.
    trackPromises: false,
  } as HookCallbacks).enable();
}

/** Where we are. Its text is made only when it is asked for, which for most handles is never. */
function traceNow(): Error {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 30;
  const trace = new Error('');
  Error.stackTraceLimit = limit;
  return trace;
}

/** Who made it: the innermost frame outside of Node; `undefined` for what is nobody's to close. */
function maker({ trace }: Handle): string | undefined {
  const frames = (trace.stack ?? '').split('\n').slice(3);
  // node:http keeps the time of day for a second, in a timer of its own.
  if (frames.some((line) => line.includes('(node:internal/http'))) return undefined;
  const frame = frames.find((line) => !/[( ](?:node:|<anonymous>)/.test(line));
  // The runner has timers of its own, which come and go as it likes.
  if (frame !== undefined && runner.test(frame)) return undefined;
  return frame?.trim().replace(/^at /, 'by ') ?? 'by Node';
}

function resourcesNow(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const type of process.getActiveResourcesInfo()) {
    if (!ignoredResources.has(type)) counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  return counts;
}

const counters = new Map<string, () => number>();

/** Counts something else as well, such as the parsers of a server, in each census from now on. */
export function countInCensus(name: string, count: () => number): void {
  counters.set(name, count);
}

/** Takes stock. The first call starts following handles; those made before it are the baseline. */
export function census(): Census {
  follow();
  return {
    resources: resourcesNow(),
    handles: new Set(handles.keys()),
    helpers: stillOpen(),
    counts: new Map([...counters].map(([name, count]) => [name, count()])),
  };
}

/** What is alive now and was not at `before`, a line each. */
export function survivors(before: Census): string[] {
  const lines: string[] = [];
  for (const [id, handle] of handles) {
    if (before.handles.has(id)) continue;
    const madeBy = maker(handle);
    if (madeBy === undefined) handles.delete(id);
    else lines.push(`${handle.type}, made ${madeBy}`);
  }
  for (const [type, count] of resourcesNow()) {
    const more = count - (before.resources.get(type) ?? 0);
    // Timers are judged by the hook, which can tell the runner's from ours.
    if (more > 0 && type !== 'Timeout') lines.push(`${type}: ${more} more than before`);
  }
  for (const [name, count] of counters) {
    const more = count() - (before.counts.get(name) ?? 0);
    if (more > 0) lines.push(`${name}: ${more} more than before`);
  }
  const helpersBefore = [...before.helpers];
  for (const line of stillOpen()) {
    const at = helpersBefore.indexOf(line);
    if (at < 0) lines.push(`still open: ${line}`);
    else helpersBefore.splice(at, 1);
  }
  return lines;
}

/**
 * Waits until nothing is alive that was not alive before; otherwise fails with a list of what is left.
 * `guardMs` bounds the wait, default 20 000.
 */
export async function expectCensus(before: Census, guardMs?: number): Promise<void> {
  await eventually(
    () => survivors(before).length === 0,
    () => `everything to be closed; left:\n  ${survivors(before).join('\n  ')}`,
    guardMs,
  );
}
