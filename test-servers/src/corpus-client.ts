/**
 * Plays a case of the corpus over a socket and checks both ends: what the client got, and what the
 * backend saw. The server under test must answer every request that it takes with 200.
 */
import type { Accepted, CorpusCase, Level, Outcome, Refused } from './load-corpus.ts';
import { connectRaw, type RawClient, type RawClientOptions } from './raw-client.ts';
import type { RawRequest } from './request-reader.ts';

export interface PlayOptions extends RawClientOptions {
  /** What is played against. At `server` nobody answers in the proxy's place. Default: `proxy`. */
  readonly level?: Level;
  /** Writes the input in pieces of so many bytes. Default: whole. */
  readonly pieceBytes?: number;
}

/** Plays the case against a listener; throws where the client's side is not as the case says. */
export async function playCase(one: CorpusCase, options: PlayOptions): Promise<void> {
  const client = await connectRaw({ ...options, name: `client of ${JSON.stringify(one.name)}` });
  try {
    const { pieceBytes, level } = options;
    // Not waited for: a server that refuses may close before it has read everything.
    const written = client.write(one.input, pieceBytes === undefined ? {} : { pieceBytes });
    for (const outcome of one.outcomes) await expectOutcome(client, outcome, written, level);
    if (staysOpen(one.outcomes)) {
      await written;
      client.end();
    }
    await client.expectClosed();
    await written;
  } finally {
    await client.close();
  }
}

const staysOpen = (outcomes: readonly Outcome[]): boolean => {
  const last = outcomes.at(-1);
  return last?.kind === 'accept' && last.persistent;
};

async function expectOutcome(
  client: RawClient,
  outcome: Outcome,
  written: Promise<boolean>,
  level: Level = 'proxy',
): Promise<void> {
  if (outcome.kind === 'accept') await expectAnswer(client, outcome, level);
  else if (outcome.kind === 'refuse') await expectRefusal(client, outcome);
  else {
    await written;
    client.end();
  }
}

async function expectAnswer(client: RawClient, outcome: Accepted, level: Level): Promise<void> {
  const { status } = await client.readResponse({ method: outcome.method });
  const wanted = (level === 'proxy' ? outcome.proxyAnswers : undefined) ?? 200;
  if (status !== wanted) throw new Error(`${outcome.target}: got ${status} instead of ${wanted}`);
}

async function expectRefusal(client: RawClient, outcome: Refused): Promise<void> {
  const { status, fields, text } = await client.readResponse();
  if (!outcome.statuses.includes(status)) {
    throw new Error(`refused with ${status} instead of ${outcome.statuses.join(' or ')}: ${text}`);
  }
  const says = fields.filter(([name]) => name.toLowerCase() === 'connection');
  if (says.length !== 1 || says[0]?.[1].toLowerCase() !== 'close') {
    throw new Error(`a refusal must say "connection: close", and says ${JSON.stringify(says)}`);
  }
}

/**
 * Checks what a recording backend has seen: the accepted requests of the case in order, whole, and
 * nothing else.
 */
export function checkSeen(one: CorpusCase, seen: readonly RawRequest[]): void {
  const wanted = one.outcomes.filter(
    (outcome): outcome is Accepted =>
      outcome.kind === 'accept' && outcome.proxyAnswers === undefined,
  );
  const names = (list: readonly { method: string; target: string }[]): string =>
    list.map(({ method, target }) => `${method} ${target}`).join(', ') || 'nothing';
  if (names(seen) !== names(wanted)) {
    throw new Error(`the backend saw ${names(seen)} instead of ${names(wanted)}`);
  }
  for (const [nth, outcome] of wanted.entries()) {
    const request = seen[nth];
    if (request !== undefined) checkRequest(outcome, request);
  }
}

function checkRequest(outcome: Accepted, request: RawRequest): void {
  const about = `${outcome.method} ${outcome.target} at the backend`;
  if (!request.body.equals(outcome.body)) {
    throw new Error(`${about}: a body of ${request.bodyLength} bytes, not the client's`);
  }
  for (const name of outcome.gone) {
    // `connection` is the next hop's own; it must not name what the client named.
    const values = request
      .headers(name)
      .filter((value) => name !== 'connection' || !/^(?:keep-alive|close)$/i.test(value));
    if (values.length > 0) throw new Error(`${about}: ${name} is there: ${values.join(' | ')}`);
  }
  for (const name of outcome.kept) {
    if (request.headers(name).length === 0) throw new Error(`${about}: ${name} is missing`);
  }
}
