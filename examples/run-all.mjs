// Runs the examples against the running stack of `npm start`, and says which of them hold.
//
//   npm run examples -- [http://127.0.0.1:4000] [--only=node_client,hooks/api-key.mjs]

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { serverChecks } from './server-checks.mjs';

const args = process.argv.slice(2);
const base = args.find((arg) => !arg.startsWith('--')) ?? 'http://127.0.0.1:4000';
const only = args
  .find((arg) => arg.startsWith('--only='))
  ?.slice('--only='.length)
  .split(',');
const deadlineMs = 120_000;
const here = fileURLToPath(new URL('.', import.meta.url));

// What the server examples proxy to, and what their checks expect.
process.env.BACKEND = base;

/** @param {string} program @param {readonly string[]} [probe] */
const works = (program, probe = ['--version']) =>
  spawnSync(program, probe, { stdio: 'ignore' }).status === 0;

/** A Python, one with the package websockets if there is any. */
function findPython() {
  const there = ['python3', '/usr/bin/python3'].filter((program) => works(program));
  return there.find((program) => works(program, ['-c', 'import websockets'])) ?? there[0];
}

/** Clients, by name: their command, or what is missing. @type {Record<string, () => string[] | string>} */
const clients = {
  node_client: () => [process.execPath, 'node_client/client.mjs'],
  python_client: () => {
    const python = findPython();
    return python === undefined ? 'there is no python3' : [python, 'python_client/client.py'];
  },
  'curl_examples.sh': () => {
    const missing = ['bash', 'curl'].filter((program) => !works(program));
    return missing.length > 0 ? `there is no ${missing}` : ['bash', 'curl_examples.sh'];
  },
};

let failures = 0;

/** @param {'pass' | 'FAIL' | 'skip'} verdict @param {string} title @param {unknown} [detail] */
function report(verdict, title, detail) {
  if (verdict === 'FAIL') failures += 1;
  console.log(`${verdict}  ${title}`);
  if (detail !== undefined) console.log(String(detail).trim().replace(/^/gm, '      '));
}

/** @param {string} name @param {readonly string[]} command */
async function runClient(name, [program = '', ...rest]) {
  const child = spawn(program, [...rest, base], { cwd: here, timeout: deadlineMs });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  const [code] = await once(child, 'close');
  if (code !== 0) report('FAIL', name, output);
  else report('pass', `${name}: ${output.trim().split('\n').at(-1)}`);
}

/** @param {string} file */
async function runServer(file) {
  const child = spawn(process.execPath, [...process.execArgv, file], {
    cwd: here,
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: deadlineMs,
  });
  const ended = once(child, 'close');
  /** @type {string[]} */
  const output = [];
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => output.push(line));
  /** @param {RegExp} pattern */
  const line = async (pattern) => {
    for (;;) {
      const found = output.find((text) => pattern.test(text));
      if (found !== undefined) return found;
      if (child.exitCode !== null) throw new Error(`ended early:\n${output.join('\n')}`);
      await Promise.race([once(lines, 'line'), ended]);
    }
  };
  try {
    const url = (await line(/^listening on /)).slice('listening on '.length);
    for (const [title, check] of Object.entries(serverChecks[file] ?? {})) {
      await check({ url, line }).then(
        () => report('pass', `${file}: ${title}`),
        (error) => report('FAIL', `${file}: ${title}`, error),
      );
    }
  } catch (error) {
    report('FAIL', file, error);
  }
  child.kill('SIGTERM');
  const [code, signal] = await ended;
  if (code === 0) report('pass', `${file}: ends in good order`);
  else report('FAIL', `${file}: ends in good order`, `exit code ${code}, signal ${signal}`);
}

const names = [...Object.keys(clients), ...Object.keys(serverChecks)];
const unknown = (only ?? []).filter((name) => !names.includes(name));
if (unknown.length > 0) {
  console.error(`There is no example ${unknown.join(', ')}. Examples: ${names.join(', ')}.`);
  process.exit(2);
}
for (const name of only ?? names) {
  const command = clients[name]?.();
  if (command === undefined) await runServer(name);
  else if (typeof command === 'string') report('skip', name, command);
  else await runClient(name, command);
}
console.log(failures === 0 ? '\nall examples hold' : `\n${failures} failed`);
process.exitCode = failures === 0 ? 0 : 1;
