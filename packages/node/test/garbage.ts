/** What memory is in use, apart from what could be freed. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { turn } from '@reverseit/test-servers';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** After some collections, since an object may need two to go. */
export async function memoryInUse(): Promise<NodeJS.MemoryUsage> {
  for (let i = 0; i < 4; i += 1) {
    await turn();
    collect();
  }
  return process.memoryUsage();
}
