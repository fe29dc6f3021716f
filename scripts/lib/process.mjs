import { spawn } from 'node:child_process';
import { basename, delimiter } from 'node:path';

export const isWindows = process.platform === 'win32';

/** A failure whose message is all there is to say. */
export class Failure extends Error {
  /** @param {string} message @param {number} [exitCode] */
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Settings about how a registry is reached; every other one is about the outer npm. */
const network =
  /^npm_config_(registry|.*:registry|https?[-_]proxy|proxy|no_?proxy|ca|cafile|cert|key|strict_ssl|cache|prefer_offline|offline|userconfig|globalconfig|fetch_.*|maxsockets)$/i;

/**
 * The environment for a nested npm or pnpm. npm hands its own settings and the
 * package's to what it runs (`npm_config_*`, `npm_package_*`, …); a nested one
 * would take `npm test --dry-run`, or the outer prefix, for its own.
 *
 * @param {NodeJS.ProcessEnv} [from]
 * @param {readonly string[]} [firstOnPath]
 * @returns {NodeJS.ProcessEnv}
 */
export const cleanEnvironment = (from = process.env, firstOnPath = []) => {
  /** @type {NodeJS.ProcessEnv} */
  const env = {};
  for (const [name, value] of Object.entries(from)) {
    if (/^npm_/i.test(name) && !network.test(name)) continue;
    if (/^(INIT_CWD|PNPM_SCRIPT_SRC_DIR)$/i.test(name)) continue;
    env[name] = value;
  }
  const path = Object.keys(env).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH';
  env[path] = [...firstOnPath, env[path]].filter(Boolean).join(delimiter);
  return env;
};

/**
 * Run a command with our own input and output.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, shell?: boolean, forwardInterrupt?: boolean }} [options]
 * @returns {Promise<number>} its exit code
 */
export const run = (command, args, { cwd, env, shell = false, forwardInterrupt = false } = {}) =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, shell, stdio: 'inherit' });
    // A terminal interrupts the whole group, so the child has heard of it; it
    // decides when to stop. Only a termination is for us alone.
    /** @param {NodeJS.Signals} signal */
    const onInterrupt = (signal) => {
      if (forwardInterrupt) child.kill(signal);
    };
    /** @param {NodeJS.Signals} signal */
    const onTerminate = (signal) => {
      child.kill(signal);
    };
    process.on('SIGINT', onInterrupt);
    process.on('SIGTERM', onTerminate);
    process.on('SIGHUP', onTerminate);
    // npm terminates the shell between itself and us, and that one tells nobody.
    const parent = process.ppid;
    const orphanWatch = setInterval(() => {
      if (process.env.npm_lifecycle_event === undefined || process.ppid === parent) return;
      clearInterval(orphanWatch);
      child.kill('SIGTERM');
    }, 250);
    const done = () => {
      clearInterval(orphanWatch);
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onTerminate);
      process.off('SIGHUP', onTerminate);
    };
    child.on('error', (error) => {
      done();
      reject(error);
    });
    child.on('exit', (code, signal) => {
      done();
      resolve(code ?? (signal === 'SIGINT' ? 130 : 143));
    });
  });

/**
 * Run a command and keep what it prints.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, shell?: boolean, timeoutMs?: number }} [options]
 * @returns {Promise<{ code: number, output: string, stdout: string }>}
 */
export const capture = (command, args, { cwd, env, shell, timeoutMs } = {}) =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env,
      shell: shell ?? false,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(timeoutMs === undefined ? {} : { timeout: timeoutMs, killSignal: 'SIGKILL' }),
    });
    let output = '';
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (signal !== null) output += `\n(ended by ${signal})`;
      resolve({ code: code ?? 1, output, stdout });
    });
  });

/**
 * How npm is to be called: the one that runs us, else the one on the path.
 *
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number }} options
 */
export const npm = (args, options) => {
  const outer = process.env.npm_execpath;
  return outer !== undefined && basename(outer) === 'npm-cli.js'
    ? capture(process.execPath, [outer, ...args], options)
    : capture('npm', args, { ...options, shell: isWindows });
};
