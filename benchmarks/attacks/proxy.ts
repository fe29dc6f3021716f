/** ReverseIt under attack: `proxy.ts OPTIONS`, as JSON. It watches its own turns. */
import { createServer } from '@reverseit/node';
import { collectGarbage } from '../targets/protocol.ts';
import { answerParent } from './child.ts';
import { fromText } from './proxy-options.ts';
import { type Turns, TurnWatch } from './turns.ts';

/** What it is asked: to collect its garbage and begin anew, or what has been since. */
export type ProxyQuestion = 'begin' | 'figures';

export interface ProxyFigures {
  readonly turns: Turns;
  /** Resident memory in bytes. */
  readonly rss: number;
  /** CPU time of the whole process since `begin`, in µs. */
  readonly cpu: number;
}

const server = createServer(fromText(process.argv[2] ?? '{}'));
const address = await server.listen({ host: '127.0.0.1', port: 0 });
const watch = new TurnWatch();
let cpu = process.cpuUsage();

function begin(): void {
  collectGarbage();
  cpu = process.cpuUsage();
  watch.restart();
}

function figures(): ProxyFigures {
  const { user, system } = process.cpuUsage(cpu);
  return { turns: watch.turns(), rss: process.memoryUsage.rss(), cpu: user + system };
}

if ('port' in address) {
  answerParent<number, ProxyQuestion, ProxyFigures>(address.port, (question) => {
    if (question === 'begin') begin();
    return figures();
  });
}
