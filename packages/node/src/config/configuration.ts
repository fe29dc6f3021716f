/** A configuration file and what outranks it. */
import { isPlainObject } from '@reverseit/core/options';

type Fields = Readonly<Record<string, unknown>>;

/**
 * What the file says, outranked by `options` key by key. Nothing of it was checked.
 *
 * @throws ConfigError (`RIT_ERR_CONFIG`) where the file cannot be loaded
 */
export async function loadConfiguration(
  { config, options }: { readonly config: string | null; readonly options: Fields },
  loadConfig: (file: string) => Promise<unknown>,
): Promise<unknown> {
  if (config === null) return options;
  const file = await loadConfig(config);
  return isPlainObject(file) ? merged(file, options) : file;
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
