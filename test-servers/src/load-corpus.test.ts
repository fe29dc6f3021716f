import { describe, expect, it } from 'vitest';
import { checkSeen, playCase } from './corpus-client.ts';
import { type CorpusCase, loadCorpus, parseCorpus, unescapeBytes } from './load-corpus.ts';
import { answerEach, response } from './script-steps.ts';
import { startScriptedOrigin } from './scripted-origin.ts';
import { useCensus, useCleanup } from './use-server.ts';

const text = `# Title

## A case

RFC 9112 §6.3
Levels: parser, proxy
Options: maxRequestHeaders=3

\`\`\`http
POST /x HTTP/1.1\\r\\n
\\r\\n
\`\`\`

- accept POST /x HTTP/1.1
  - field: "X: a\\tb"
  - body: "\\{ab*2}"
  - trailer: "T: 1"
  - closes
  - gone: te, upgrade
- refuse body RIT_ERR_CHUNK_SYNTAX 400
`;

describe('corpus', () => {
  it('is read case by case', () => {
    const [one] = parseCorpus(text, 'some');
    expect(one).toMatchObject({
      title: 'RFC 9112 §6.3 some: A case',
      line: 3,
      levels: new Set(['parser', 'proxy']),
      options: { maxRequestHeaders: 3 },
      input: Buffer.from('POST /x HTTP/1.1\r\n\r\n'),
    });
    expect(one?.outcomes).toEqual([
      {
        kind: 'accept',
        method: 'POST',
        target: '/x',
        version: '1.1',
        fields: [['X', 'a\tb']],
        body: Buffer.from('abab'),
        trailers: [['T', '1']],
        persistent: false,
        gone: ['te', 'upgrade'],
        kept: [],
        proxyAnswers: undefined,
      },
      { kind: 'refuse', at: 'body', code: 'RIT_ERR_CHUNK_SYNTAX', statuses: [400] },
    ]);
  });

  it.each([
    ['\\r\\n\\t\\0\\s\\\\\\xff', '\r\n\t\0 \\\xff'],
    ['\\{a\\r*3}b', 'a\ra\ra\rb'],
    ['\\{x*0}', ''],
    ['\xe9', '\xe9'],
  ])('spells bytes: %s', (spelled, bytes) => {
    expect(unescapeBytes(spelled).toString('latin1')).toBe(bytes);
  });

  it.each([
    ['an unknown escape', text.replace('POST', '\\q')],
    ['no section', text.replace('RFC 9112 §6.3', '')],
    ['an unknown detail', text.replace('closes', 'shuts')],
    ['something after a refusal', text.replace('- accept', '- refuse 400\n- accept')],
    ['no outcome', text.slice(0, text.indexOf('- accept'))],
    ['a name twice', text + text.slice(text.indexOf('## '))],
  ])('refuses %s', (_, wrong) => {
    expect(() => parseCorpus(wrong, 'some')).toThrow(/corpus some\.md, line/);
  });

  it('has cases of every file, at every level', () => {
    const cases = loadCorpus();
    expect(new Set(cases.map((one) => one.file)).size).toBe(11);
    expect(cases.length).toBeGreaterThan(500);
    for (const level of ['parser', 'server', 'proxy'] as const) {
      expect(loadCorpus(level).length).toBeGreaterThan(450);
    }
  });
});

describe('playing a case', () => {
  useCensus();
  const use = useCleanup();
  const caseOf = (input: string, outcomes: string): CorpusCase => {
    const fenced = `\`\`\`http\n${input}\n\`\`\``;
    const [one] = parseCorpus(`## A case\n\nRFC 9112 §3\n\n${fenced}\n\n${outcomes}\n`, 'x');
    if (one === undefined) throw new Error('no case');
    return one;
  };
  const get = 'GET /a HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n';

  it('agrees with a server that does as the case says', async () => {
    const origin = use(await startScriptedOrigin({ script: answerEach(response(200)) }));
    const one = caseOf(get, '- accept GET /a HTTP/1.1\n  - kept: host\n  - gone: te');
    await playCase(one, { port: origin.port, pieceBytes: 1 });
    checkSeen(one, origin.requests);
  });

  it('sees a server that takes what it should refuse, and what the backend saw', async () => {
    const origin = use(await startScriptedOrigin({ script: answerEach(response(200)) }));
    const one = caseOf(get, '- refuse RIT_ERR_TARGET 400');
    await expect(playCase(one, { port: origin.port })).rejects.toThrow('refused with 200');
    expect(() => checkSeen(one, origin.requests)).toThrow('saw GET /a instead of nothing');
  });

  it('sees bytes after a refusal', async () => {
    const refusal = response(400, '', ['connection: close']);
    const origin = use(
      await startScriptedOrigin({
        script: answerEach(Buffer.concat([refusal, Buffer.from('HTTP')])),
      }),
    );
    const one = caseOf(get, '- refuse RIT_ERR_TARGET 400');
    const playing = playCase(one, { port: origin.port, guardMs: 200 });
    await expect(playing).rejects.toThrow(/waited|more bytes/);
  });

  it('ends an incomplete input and expects silence', async () => {
    const origin = use(
      await startScriptedOrigin({ script: (connection) => connection.whenPeerGone() }),
    );
    await playCase(caseOf('GET / HT', '- incomplete'), { port: origin.port });
  });
});
