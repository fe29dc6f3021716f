/** A backend that does wrong: one thing always, or the one that the request's path names. */
import { type MisbehaviourName, misbehaviourNames, misbehaviours } from './misbehaviours.ts';
import type { RequestHeadSeen } from './request-reader.ts';
import { response } from './script-steps.ts';
import {
  type ScriptedOrigin,
  type ScriptedOriginOptions,
  type Step,
  startScriptedOrigin,
} from './scripted-origin.ts';

export interface MisbehavingOriginOptions
  extends Omit<ScriptedOriginOptions, 'script' | 'scripts'> {
  /** What to do on every connection. Default: what the first segment of the path names. */
  readonly behaviour?: MisbehaviourName;
}

/** A script that reads a request's head and then does the named wrong. */
export function misbehave(name: MisbehaviourName): Step {
  return async (connection) => {
    if (!(await connection.reader.hasMore())) return;
    const head = await connection.expectHead();
    await misbehaviours.get(name)?.run(connection, head);
  };
}

/** A script that goes by the path; `/` lists what there is. */
export const misbehaveByPath: Step = async (connection) => {
  while (await connection.reader.hasMore()) {
    const head = await connection.expectHead();
    const found = misbehaviours.get(nameIn(head));
    if (found !== undefined) {
      await found.run(connection, head);
      return;
    }
    await connection.expectBody(head);
    const list = misbehaviourNames.map((name) => `/${name}: ${misbehaviours.get(name)?.about}\n`);
    const status = head.target === '/' ? 200 : 404;
    await connection.send(response(status, list.join(''), ['content-type: text/plain']));
  }
};

const nameIn = (head: RequestHeadSeen): string => head.target.split(/[/?]/)[1] ?? '';

/** Starts it and resolves once it listens. */
export function startMisbehavingOrigin(
  options: MisbehavingOriginOptions = {},
): Promise<ScriptedOrigin> {
  const { behaviour, ...rest } = options;
  const script = behaviour === undefined ? misbehaveByPath : misbehave(behaviour);
  return startScriptedOrigin({ ...rest, script });
}
