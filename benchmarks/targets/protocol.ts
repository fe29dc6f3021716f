/** What a benchmark's processes say to each other, over the IPC channel of `child_process.fork`. */
export interface Ready {
  readonly type: 'ready';
  readonly port: number;
}

/** CPU time of the process since its start, in microseconds, and its resident memory in bytes. */
export interface Usage {
  readonly type: 'usage';
  readonly cpu: number;
  readonly rss: number;
}

/** Announces the port, answers each message with the usage so far, and ends with the channel. */
export function serveParent(port: number): void {
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    send({ type: 'usage', cpu: user + system, rss: process.memoryUsage.rss() });
  });
  process.on('disconnect', () => process.exit(0));
  send({ type: 'ready', port });
}

function send(message: Ready | Usage): void {
  process.send?.(message);
}
