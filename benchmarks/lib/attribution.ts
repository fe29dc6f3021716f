/** Whose time a CPU profile shows: self time, by package and by function. */

/** What is read of V8's format (`.cpuprofile`). */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** Node by node, what was on top of the stack. */
  readonly samples?: readonly number[];
  /** µs before each sample. */
  readonly timeDeltas?: readonly number[];
}

export interface ProfileNode {
  readonly id: number;
  readonly callFrame: {
    readonly functionName: string;
    readonly url: string;
    readonly lineNumber: number;
  };
  readonly children?: readonly number[];
}

export interface Attribution {
  /** µs by group; native code is left out, since a profile does not see all of it. */
  readonly groups: ReadonlyMap<string, number>;
  readonly functions: readonly FunctionTime[];
}

export interface FunctionTime {
  readonly name: string;
  readonly group: string;
  /** µs */
  readonly self: number;
}

export const nodeGroup = "Node.js' JavaScript";
export const garbageGroup = 'garbage collection';
export const nativeGroup = 'native code, system calls';

/**
 * The group of a function; null where that is the caller's: WebAssembly has no file. Functions of V8 and
 * Node that are not JavaScript have no URL; what is in brackets is no function.
 */
export function groupOf(functionName: string, url: string): string | null {
  if (functionName === '(garbage collector)') return garbageGroup;
  if (url.startsWith('wasm:')) return null;
  if (url === '') return nativeGroup;
  if (url.startsWith('node:')) return nodeGroup;
  const ours = /\/packages\/(\w+)\/(?:src|dist)\//.exec(url)?.[1];
  if (ours !== undefined) return `@reverseit/${ours}`;
  // The last one: pnpm's folders lie within each other.
  const installed = url.slice(url.lastIndexOf('/node_modules/') + '/node_modules/'.length);
  if (installed !== url && url.includes('/node_modules/')) {
    const [scope = '', name = ''] = installed.split('/');
    return scope.startsWith('@') ? `${scope}/${name}` : scope;
  }
  return 'other';
}

export function attribute(profile: CpuProfile): Attribution {
  const groupsOfNodes = resolveGroups(profile.nodes);
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const groups = new Map<string, number>();
  const functions = new Map<string, FunctionTime>();
  const { samples = [], timeDeltas = [] } = profile;
  for (const [i, id] of samples.entries()) {
    // A delta tells how long ago the sample before was taken.
    const time = Math.max(0, timeDeltas[i + 1] ?? 0);
    const frame = nodes.get(id)?.callFrame;
    const group = groupsOfNodes.get(id);
    if (frame === undefined || group === undefined || group === nativeGroup) continue;
    groups.set(group, (groups.get(group) ?? 0) + time);
    const { functionName, url, lineNumber } = frame;
    const key = `${functionName} ${url} ${lineNumber}`;
    const self = (functions.get(key)?.self ?? 0) + time;
    functions.set(key, { name: functionName || '(anonymous)', group, self });
  }
  return { groups, functions: [...functions.values()].sort((a, b) => b.self - a.self) };
}

/** The group of every node, that of its caller where it has none of its own. */
function resolveGroups(nodes: readonly ProfileNode[]): ReadonlyMap<number, string> {
  const groups = new Map<number, string>();
  const inherited = new Map<number, string>();
  // Callers stand before what they call.
  for (const { id, callFrame, children = [] } of nodes) {
    const own = groupOf(callFrame.functionName, callFrame.url);
    const group = own ?? inherited.get(id) ?? 'other';
    groups.set(id, group);
    for (const child of children) inherited.set(child, group);
  }
  return groups;
}
