import { describe, expect, it } from 'vitest';
import { LineLogger } from './line-logger.ts';

const started = () => {
  const lines: string[] = [];
  const clock = { now: 0 };
  return {
    lines,
    clock,
    logger: new LineLogger(
      (line) => lines.push(line),
      () => clock.now,
    ),
  };
};

describe('LineLogger', () => {
  it('writes warnings and errors with what is known of them', () => {
    const { lines, logger } = started();
    const err = new Error('outer', { cause: new Error('middle', { cause: new Error('inner') }) });
    logger.warn({ err, code: 'RIT_ERR_X', route: '/a' }, 'it broke');
    logger.error({}, 'it broke too');
    expect(lines).toEqual([
      'reverseit: warning: it broke: inner (RIT_ERR_X, route /a)',
      'reverseit: error: it broke too',
    ]);
  });

  it('begins its lines with the name that it was given', () => {
    const lines: string[] = [];
    new LineLogger(
      (line) => lines.push(line),
      () => 0,
      'reverseit: worker 3',
    ).warn({}, 'it broke');
    expect(lines).toEqual(['reverseit: worker 3: warning: it broke']);
  });

  it('is silent about what is everyday', () => {
    const { lines, logger } = started();
    logger.debug({}, '');
    logger.info({}, '');
    expect(lines).toEqual([]);
  });

  it('writes from the level on that it was given, with the id of the request', () => {
    const lines: string[] = [];
    const logger = new LineLogger(
      (line) => lines.push(line),
      () => 0,
      'reverseit',
      'info',
    );
    logger.debug({}, 'no');
    logger.info({ route: '/a', requestId: 'id-1' }, 'yes');
    expect(lines).toEqual(['reverseit: info: yes (route /a, request id-1)']);
  });

  it('writes the same line once in ten seconds, and then counts', () => {
    const { lines, clock, logger } = started();
    for (const now of [0, 1, 9_999, 10_000, 10_001, 30_000]) {
      clock.now = now;
      logger.warn({ code: 'A' }, 'down');
      logger.warn({ code: 'B' }, 'down');
    }
    expect(lines.filter((line) => line.includes('(A)'))).toEqual([
      'reverseit: warning: down (A)',
      'reverseit: warning: down (A); 2 more like this since the last line',
      'reverseit: warning: down (A); 1 more like this since the last line',
    ]);
    expect(lines).toHaveLength(6);
  });

  it('stays bounded when every line is another', () => {
    const { lines, logger } = started();
    for (let i = 0; i < 1000; i++) logger.warn({}, `line ${i}`);
    expect(lines.length).toBeLessThan(260);
  });

  it('keeps to one line of printable text', () => {
    const { lines, logger } = started();
    logger.warn({ err: new Error('', { cause: new Error('a\r\nb\u001b[31m') }) }, 'x');
    expect(lines).toEqual(['reverseit: warning: x: a b [31m']);
  });
});
