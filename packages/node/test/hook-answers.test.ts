/** What becomes of an answer that `onRequest` or `respond` gives: it is sent, or it is a 500. */
import { connectRaw } from '@reverseit/test-servers';
import { useCensus, useCleanup } from '@reverseit/test-servers/use-server';
import { describe, expect, it } from 'vitest';
import { createServer, type OnRequest } from '../src/index.ts';

useCensus();
const use = useCleanup();

/** The status line and content of the answer, and what was logged. */
async function ask(onRequest: unknown): Promise<{ answer: string; errors: string[] }> {
  const errors: string[] = [];
  const proxy = use(
    createServer({
      backend: 'http://127.0.0.1:1',
      // As JavaScript could hand it in.
      onRequest: onRequest as OnRequest,
      onError: ({ message }) => errors.push(message),
    }),
  );
  const address = await proxy.listen({ host: '127.0.0.1', port: 0 });
  const client = use(await connectRaw({ port: 'port' in address ? address.port : 0 }));
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const { status, text } = await client.readResponse();
  return { answer: `${status} ${text}`, errors };
}

const refused = '500 500 Internal Server Error\n';

describe('an answer', () => {
  it.each<[string, unknown, string]>([
    ['nothing but {}', () => ({}), '200 '],
    ['status and body', () => ({ status: 401, body: 'no\n' }), '401 no\n'],
    ['bytes', () => ({ body: Buffer.from('bytes') }), '200 bytes'],
    ['of a promise', async () => ({ status: 403 }), '403 '],
  ])('%s', async (_, hook, answer) => {
    expect(await ask(hook)).toEqual({ answer, errors: [] });
  });
});

const misspelt = 'a hook answered with "statusCode", which no response has';
// biome-ignore lint/suspicious/noThenProperty: what libraries hand out in place of promises
const thenable = { then: (resolve: (value: unknown) => void) => resolve({ status: 401 }) };

describe('what is no answer is a 500, never a 200', () => {
  it.each<[string, unknown, string]>([
    ['false', () => false, 'a hook answered with what is no response'],
    ['a text', () => 'Unauthorized', 'a hook answered with what is no response'],
    ['a key that is not known', () => ({ statusCode: 401 }), misspelt],
    ['the same of a promise', async () => ({ statusCode: 401 }), misspelt],
    ['a thenable', () => thenable, 'a hook answered with "then", which no response has'],
    [
      'a thenable of a class',
      () => Object.create(thenable),
      'a hook answered with a thenable that is no Promise',
    ],
    [
      'a status that is none',
      () => ({ status: '401' }),
      'a hook answered with a status that is no integer from 200 to 599',
    ],
  ])('%s', async (_, hook, message) => {
    expect(await ask(hook)).toEqual({ answer: refused, errors: [message] });
  });
});

describe('a hook that throws', () => {
  it.each<[string, OnRequest]>([
    [
      'at once',
      () => {
        throw new Error('no');
      },
    ],
    ['later', () => Promise.reject(new Error('no'))],
  ])('%s: 500, and its signal is aborted', async (_, hook) => {
    let signal: AbortSignal | undefined;
    const { answer } = await ask((...[request, context]: Parameters<OnRequest>) => {
      signal = context.signal;
      return hook(request, context);
    });
    expect(answer).toBe(refused);
    expect(signal?.aborted).toBe(true);
  });
});
