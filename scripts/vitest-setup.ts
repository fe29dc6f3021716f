import { afterAll, afterEach, beforeEach } from 'vitest';

// A test that leaves a line on the console, or an error that nobody waits for,
// has failed, whatever it asserted.

const methods = ['debug', 'error', 'info', 'log', 'trace', 'warn'] as const;
const stray: string[] = [];

for (const method of methods) {
  console[method] = (...values: unknown[]): void => {
    stray.push(`console.${method}: ${values.map(String).join(' ')}`);
  };
}

// The lines of the default logger: what a test makes fail, it expects.
const write = process.stderr.write.bind(process.stderr);
process.stderr.write = ((chunk: string | Uint8Array, ...rest: never[]): boolean => {
  const text = String(chunk);
  if (!text.startsWith('reverseit: ')) return write(chunk, ...rest);
  stray.push(`standard error: ${text}`);
  return true;
}) as typeof process.stderr.write;

const describe = (reason: unknown): string =>
  reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);

const onException = (error: unknown): void => {
  stray.push(`uncaughtException: ${describe(error)}`);
};
const onRejection = (reason: unknown): void => {
  stray.push(`unhandledRejection: ${describe(reason)}`);
};
const onWarning = (warning: Error): void => {
  // Leaked listeners show themselves in no other way.
  if (warning.name === 'MaxListenersExceededWarning') stray.push(`warning: ${warning.message}`);
};

process.on('uncaughtException', onException);
process.on('unhandledRejection', onRejection);
process.on('warning', onWarning);

// `npm run fuzz` gives every property many more runs. Loaded only then: most
// test files have no property.
if (process.env.REVERSEIT_FUZZ_RUNS !== undefined) {
  (await import('./lib/fuzz-settings.ts')).configureFuzzing();
}

const failOnStray = (): void => {
  const found = stray.splice(0);
  if (found.length > 0) throw new Error(`nothing may be left over:\n${found.join('\n')}`);
};

beforeEach(failOnStray);
// Rejections are reported after the microtasks of the test have run.
afterEach(async () => {
  await new Promise((resolve) => setImmediate(resolve));
  failOnStray();
});
afterAll(async () => {
  await new Promise((resolve) => setImmediate(resolve));
  process.off('uncaughtException', onException);
  process.off('unhandledRejection', onRejection);
  process.off('warning', onWarning);
  failOnStray();
});
