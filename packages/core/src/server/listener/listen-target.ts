/** Where a server listens, and what it says of a place. */

/**
 * A TCP port (0: a free one), the path of a Unix socket, or a socket that this process was started with, by its
 * file descriptor (socket activation). Without a host on every address of the machine, as Node does: `::`, or
 * `0.0.0.0` where there is no IPv6.
 */
export type ListenTarget =
  | { readonly port: number; readonly host?: string }
  | {
      readonly path: string;
      /** Permissions of the socket, such as 0o660. Without it the umask decides. */
      readonly mode?: number;
    }
  | { readonly fd: number };

/** For messages. */
export function targetText(target: ListenTarget): string {
  if ('path' in target) return `unix:${target.path}`;
  if ('fd' in target) return `fd:${target.fd}`;
  const { host = '*', port } = target;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
