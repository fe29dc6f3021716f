/** Whether output is shown in color: on a terminal, unless NO_COLOR holds anything (no-color.org). */
export function wantsColor(isTerminal: boolean, env: NodeJS.ProcessEnv): boolean {
  return isTerminal && !env.NO_COLOR && env.TERM !== 'dumb';
}
