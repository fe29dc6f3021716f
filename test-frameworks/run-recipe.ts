/** Runs a module of the documentation as it stands, but for its addresses and its certificate. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FriendlyOrigin, guarded, startFriendlyOrigin } from '@reverseit/test-servers';
import { testCertificates } from '@reverseit/test-servers/certificates';

/** Moves each listener to a free port, and tells the parent of it. */
const preload = `
import net from 'node:net';
const { listen } = net.Server.prototype;
net.Server.prototype.listen = function (options, ...rest) {
  // None: it has been closed since, as Vite does to see whether a port is free.
  this.once('listening', () => this.address() && process.send(this.address().port));
  const where = typeof options === 'object' ? options : { port: options };
  return listen.call(this, { ...where, port: 0, host: '127.0.0.1' }, ...rest);
};`;

export class Recipe {
  readonly port: number;
  /** The authority behind its certificate; undefined where it speaks no TLS. */
  readonly ca: string | undefined;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #origin: FriendlyOrigin;
  readonly #folder: string;
  readonly #output: () => string;

  private constructor(
    port: number,
    ca: string | undefined,
    child: ChildProcess,
    ended: Promise<unknown>,
    origin: FriendlyOrigin,
    folder: string,
    output: () => string,
  ) {
    this.port = port;
    this.ca = ca;
    this.#child = child;
    this.#ended = ended;
    this.#origin = origin;
    this.#folder = folder;
    this.#output = output;
  }

  /** Starts one, whose packages are those that `folder` has. */
  static async start(code: string, folder: string, flags: readonly string[] = []): Promise<Recipe> {
    const origin = await startFriendlyOrigin();
    const files = await mkdtemp(join(tmpdir(), 'recipe-'));
    const { server, ca } = testCertificates();
    await writeFile(join(files, 'key.pem'), server.key);
    await writeFile(join(files, 'cert.pem'), server.cert);
    const args = [
      '--conditions=@reverseit/source',
      '--disable-warning=ExperimentalWarning',
      `--import=data:text/javascript,${encodeURIComponent(preload)}`,
      ...flags,
    ];
    const child = spawn(process.execPath, [...args, '--input-type=module', '-'], {
      cwd: folder,
      stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
      timeout: 300_000,
      env: { ...process.env, NODE_ENV: 'production' },
    });
    const placed = code
      .replaceAll('127.0.0.1:8080', new URL(origin.url).host)
      .replace(/'(key|cert)\.pem'/g, (_, name) => JSON.stringify(join(files, `${name}.pem`)));
    child.stdin?.end(placed);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    const ended = once(child, 'close');
    const port = await Promise.race([
      once(child, 'message').then(([message]) => Number(message)),
      ended.then(() => Promise.reject(new Error(`ended early: ${output}`))),
    ]);
    const trusted = code.includes('key.pem') ? ca : undefined;
    return new Recipe(port, trusted, child, ended, origin, files, () => output);
  }

  /** Ends it as an operator would. What it leaves open makes this fail. */
  async stop(): Promise<void> {
    try {
      this.#child.kill('SIGTERM');
      await guarded(this.#ended, () => `the recipe to end: ${this.#output()}`);
      const { exitCode } = this.#child;
      // 143: Vite's own answer to the signal.
      if (exitCode !== 0 && exitCode !== 143) {
        throw new Error(`it ended with ${exitCode}: ${this.#output()}`);
      }
    } finally {
      this.#child.kill('SIGKILL');
      await this.#ended;
      await this.#origin.close();
      await rm(this.#folder, { recursive: true });
    }
  }
}
