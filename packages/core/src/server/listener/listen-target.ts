/** Where a server listens, and what it says of a place. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * A TCP port (0: a free one), the path of a Unix socket, or a socket that this process was started with, by its
 * file descriptor (socket activation). Without a host on every address of the machine, as Node does: `::`, or
 * `0.0.0.0` where there is no IPv6.
 */
export type ListenTarget =
  | {
      readonly port: number;
      readonly host?: string;
      /** Whether `::` leaves IPv4 to others. Default: only where another listener has all of it at the port. */
      readonly ipv6Only?: boolean;
    }
  | {
      readonly path: string;
      /** Permissions of the socket, such as 0o660. Without it the umask decides. */
      readonly mode?: number;
    }
  | { readonly fd: number };

/** `0.0.0.0` and `::` at one port share it: the latter would take IPv4 as well, and one of them fail. */
export function separateFamilies(targets: readonly ListenTarget[]): readonly ListenTarget[] {
  const isBeside = (port: number): boolean =>
    targets.some((one) => 'port' in one && one.port === port && one.host === '0.0.0.0');
  return targets.map((one) =>
    'port' in one && one.host === '::' && one.port !== 0 && isBeside(one.port)
      ? { ipv6Only: true, ...one }
      : one,
  );
}

/** Bytes of a path that a Unix socket has room for; every system has it for 103. */
const maxPath = process.platform === 'linux' ? 107 : 103;

/** Why a target is of no use, whoever listens: older versions of Node listen on the first part of a long path. */
export function targetFault(target: ListenTarget): string | null {
  if (!('path' in target) || process.platform === 'win32') return null;
  if (Buffer.byteLength(target.path) <= maxPath) return null;
  return `the path is too long for a Unix socket; ${maxPath} bytes fit`;
}

/** What the system does not say: that a path leads nowhere. Null where it is not so. */
export function pathFault(target: ListenTarget, cause: unknown): string | null {
  if (!('path' in target)) return null;
  const code = (cause as NodeJS.ErrnoException | null)?.code;
  // Node makes it of ENOENT, as Windows has it.
  return code === 'EACCES' && !existsSync(dirname(target.path)) ? 'there is no such folder' : null;
}

/** For messages. */
export function targetText(target: ListenTarget): string {
  if ('path' in target) return `unix:${target.path}`;
  if ('fd' in target) return `fd:${target.fd}`;
  const { host = '*', port } = target;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
