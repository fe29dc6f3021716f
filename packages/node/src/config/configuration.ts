/** A configuration file, what outranks it, and the sockets that the process was started with. */
import { isPlainObject } from '@reverseit/core/options';

type Fields = Readonly<Record<string, unknown>>;

/** Where a configuration comes from. */
export interface ConfigurationSource {
  /** Path of a configuration file. */
  readonly config: string | null;
  /** Options that outrank those of the file. */
  readonly options: Fields;
  /** Descriptors of sockets that the process was started with: listened on where nothing else is said. Default: none. */
  readonly sockets?: readonly number[];
}

/**
 * What the file says, outranked by `options` key by key. Nothing of it was checked.
 *
 * @throws ConfigError (`RIT_ERR_CONFIG`) where the file cannot be loaded
 */
export async function loadConfiguration(
  { config, options, sockets = [] }: ConfigurationSource,
  loadConfig: (file: string) => Promise<unknown>,
): Promise<unknown> {
  if (config === null) return atSockets(options, sockets);
  const file = await loadConfig(config);
  return isPlainObject(file) ? atSockets(merged(file, options), sockets) : file;
}

/** Listens on the sockets, but for that of the admin listener. */
function atSockets(input: Fields, sockets: readonly number[]): Fields {
  if (input.listen !== undefined) return input;
  const listen = sockets.filter((fd) => !isAdminAt(input, fd)).map((fd) => `fd:${fd}`);
  return listen.length === 0 ? input : { ...input, listen };
}

function isAdminAt({ admin }: Fields, fd: number): boolean {
  if (!isPlainObject(admin)) return false;
  const { listen } = admin;
  return isPlainObject(listen) ? listen.fd === fd : listen === `fd:${fd}`;
}

const merged = (below: Fields, above: Fields): Fields => {
  const both: Record<string, unknown> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const beneath = below[key];
    both[key] = isPlainObject(value) && isPlainObject(beneath) ? merged(beneath, value) : value;
    // What is given outranks the file that it would be read from.
    delete both[`${key}File`];
  }
  return both;
};
