/** Sockets that the process was started with, by systemd or who does as it does: sd_listen_fds(3). */

const firstDescriptor = 3;

/** Their descriptors. The variables count only if they name this process: others inherit them. */
export function passedSockets(
  environment: Readonly<Record<string, string | undefined>>,
  pid: number,
): readonly number[] {
  const { LISTEN_PID, LISTEN_FDS = '' } = environment;
  if (LISTEN_PID !== String(pid) || !/^[1-9]\d{0,2}$/.test(LISTEN_FDS)) return [];
  return Array.from({ length: Number(LISTEN_FDS) }, (_, nth) => firstDescriptor + nth);
}
