import { describe, expect, test } from 'vitest';
import { ResponseGate } from './response-gate.ts';

/** Feeds the pieces as a connection does, and answers what came through. */
function run(pieces: readonly string[], max = 1000, upgrade = false): [string[], string] {
  const gate = new ResponseGate();
  gate.begin(max, 2000, upgrade);
  const through: string[] = [];
  for (const piece of pieces) {
    let chunk: Buffer | null = Buffer.from(piece, 'latin1');
    for (let bytes = gate.push(chunk); bytes !== null; bytes = gate.push(chunk)) {
      through.push(bytes.toString('latin1'));
      chunk = null;
    }
    if (gate.failure !== null) return [through, gate.failure.code.replace('RIT_ERR_', '')];
  }
  return [through, ''];
}

const final = 'HTTP/1.1 200 OK\r\na: b\r\n\r\nbody';
const early = 'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n';
const go = 'HTTP/1.1 100 Continue\r\nx: y\r\n\r\n';

describe('status lines (RFC 9112 §4)', () => {
  test.each([
    ['HTTP/1.1 200 OK\r\n', ''],
    ['HTTP/1.0 599 \r\n', ''],
    ['HTTP/1.1 204\r\n', ''],
    ['HTTP/1.1 100\r\n\r\n', ''],
    [`HTTP/1.1 200 ${'x'.repeat(8178)}\r\n`, ''],
    [`HTTP/1.1 200 ${'x'.repeat(8179)}\r\n`, 'UPSTREAM_PROTOCOL'],
    ['HTTP/1.1 200 OK\r\rX: a\r\n\r\n', 'UPSTREAM_PROTOCOL'],
    ['HTTP/1.1 200\r\rX: a\r\n\r\n', 'UPSTREAM_PROTOCOL'],
    ['HTTP/1.1 200 O\rK\r\n', 'UPSTREAM_PROTOCOL'],
    ['HTTP/1.1 200 OK\r\r\n', 'UPSTREAM_PROTOCOL'],
    ['HTTP/1.1 200 OK\n', 'UPSTREAM_PROTOCOL'],
    ['HTTP/1.1 200 O\0K\r\n', 'UPSTREAM_PROTOCOL'],
    ['HTTP/1.1 100 C\r\nX: a\n\r\n\r\n', 'UPSTREAM_PROTOCOL'],
    ['HTTP/1.1 100 C\r\nX: a\rY: b\r\n\r\n', 'UPSTREAM_PROTOCOL'],
    ['HTTP/1.1 100 C\r\nX: \0\r\n\r\n', 'UPSTREAM_PROTOCOL'],
    ['HTTP/1.1 100 C\r\nX : a\r\n\r\n', 'UPSTREAM_PROTOCOL'],
    ['HTTP/1.1 100 C\r\nX:\r\ny: \t\xe9 \r\n\r\n', ''],
    ['HTTP/1.2 200 OK\r\n', 'UPSTREAM_PROTOCOL'],
    ['HTTP/2.0 200 OK\r\n', 'UPSTREAM_PROTOCOL'],
    ['HTTP/1.1 099 OK\r\n', 'UPSTREAM_PROTOCOL'],
    ['HTTP/1.1 600 OK\r\n', 'UPSTREAM_PROTOCOL'],
    ['HTTP/1.1 2000 OK\r\n', 'UPSTREAM_PROTOCOL'],
    ['HTTP/1.1 20 OK!\r\n', 'UPSTREAM_PROTOCOL'],
    ['HTTP/1.1\t200 OK\r\n', 'UPSTREAM_PROTOCOL'],
    ['\r\nHTTP/1.1 200 OK\r\n', 'UPSTREAM_PROTOCOL'],
    ['X', 'UPSTREAM_PROTOCOL'],
    ['HTTQ', 'UPSTREAM_PROTOCOL'],
    ['HTTP/1.1 101 S\r\n\r\n', 'UPSTREAM_PROTOCOL'],
  ])('%j', (line, failure) => {
    expect(run([line])[1]).toBe(failure);
    // The same verdict however it is cut.
    if (line.length < 100) expect(run([...line])[1]).toBe(failure);
  });

  test('is handed on whole, the rest as it comes', () => {
    expect(run([...final])).toEqual([['HTTP/1.1 200 OK\r\n', ...final.slice(17)], '']);
  });

  test('version and arrival are noted', () => {
    const gate = new ResponseGate();
    gate.begin(1000, 2000, false);
    expect(gate.seen).toBe(false);
    gate.push(Buffer.from('HTTP/1.'));
    expect(gate.seen).toBe(true);
    gate.push(Buffer.from('0 200 OK\r\n'));
    expect(gate.isHttp10).toBe(true);
    gate.begin(1000, 2000, false);
    expect([gate.seen, gate.isHttp10]).toEqual([false, false]);
  });
});

describe('interim responses (RFC 9110 §15.2)', () => {
  test.each([
    [[final], [final]],
    [[go + final], [final]],
    [[go + go + final], [final]],
    [[early + final], [early, final]],
    [[early + go + early + final], [early, early, final]],
    [[go + early + go + final], [early, final]],
  ])('%j', (pieces, through) => {
    expect(run(pieces)).toEqual([through, '']);
    expect(run([...pieces.join('')])[0].join('')).toBe(through.join(''));
  });

  test('101 passes where it was asked for, with what follows', () => {
    const switching = 'HTTP/1.1 101 S\r\n\r\n\x81\x00';
    expect(run([go + switching], 1000, true)).toEqual([[switching], '']);
  });

  const sized = (length: number) => `HTTP/1.1 103 E\r\na: ${'x'.repeat(length - 19)}\r\n\r\n`;

  test.each([
    [go, 2000 / go.length],
    [early, 2000 / early.length],
  ])('%j: all together are bounded in bytes, whatever they are', (interim, fit) => {
    const most = interim.repeat(Math.floor(fit));
    const sizedRest = 2000 - most.length;
    expect(run([most + final])[1]).toBe('');
    expect(run([most + interim + final])[1]).toBe('UPSTREAM_HEAD_TOO_LARGE');
    const exact = interim.repeat(Math.floor(fit) - 1) + sized(sizedRest + interim.length - 4);
    expect(run([exact + final])[1]).toBe('');
    expect(run([exact.replace('x', 'xx') + final])[1]).toBe('UPSTREAM_HEAD_TOO_LARGE');
  });

  test('a head of 16384 bytes is accepted, one more is not', () => {
    const gate = new ResponseGate();
    gate.begin(1000, 100_000, false);
    gate.push(Buffer.from(sized(16_384)));
    expect(gate.failure).toBe(null);
    expect(run([sized(16_385)])[1]).toBe('UPSTREAM_PROTOCOL');
    expect(run([sized(16_386).slice(0, -4)])[1]).toBe('UPSTREAM_PROTOCOL');
  });
});

test('what follows an interim response is to be looked at before more is read', () => {
  const gate = new ResponseGate();
  gate.begin(1000, 2000, false);
  expect(gate.holdsRest).toBe(false);
  const early = 'HTTP/1.1 103 Early Hints\r\n\r\n';
  expect(String(gate.push(Buffer.from(early + early)))).toBe(early);
  expect(gate.holdsRest).toBe(true);
  expect(String(gate.push(null))).toBe(early);
  expect(gate.holdsRest).toBe(false);
});

describe('bytes of which nothing comes', () => {
  const endless = (pieces: number) => Array.from({ length: pieces }, () => 'x'.repeat(1000));

  test('in the head', () => {
    expect(run(['HTTP/1.1 200 OK\r\na:', ...endless(11)], 100)[1]).toBe('');
    expect(run(['HTTP/1.1 200 OK\r\na:', ...endless(12)], 100)[1]).toBe('UPSTREAM_HEAD_TOO_LARGE');
  });

  test('after the head, and progress takes them back', () => {
    const gate = new ResponseGate();
    gate.begin(100, 2000, false);
    gate.push(Buffer.from('HTTP/1.1 200 OK\r\n\r\n'));
    gate.headComplete();
    const chunk = Buffer.alloc(5000);
    for (let i = 0; i < 20; i++) {
      expect(gate.push(chunk)).toBe(chunk);
      if (i % 2 === 0) gate.progress();
    }
    for (let i = 0; i < 2; i++) gate.push(chunk);
    expect(gate.failure).toBe(null);
    for (let i = 0; i < 3; i++) gate.push(chunk);
    expect(gate.failure?.code).toBe('RIT_ERR_UPSTREAM_PROTOCOL');
  });

  test('without a limit there is none', () => {
    expect(run(['HTTP/1.1 200 OK\r\na:', ...endless(500)], Number.POSITIVE_INFINITY)[1]).toBe('');
  });
});
