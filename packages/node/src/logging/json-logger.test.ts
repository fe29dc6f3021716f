import { describe, expect, it } from 'vitest';
import { JsonLogger } from './json-logger.ts';
import type { LogLevel } from './log-level.ts';

function start(least: LogLevel = 'debug', always: Record<string, string | number> = {}) {
  const lines: string[] = [];
  const clock = { now: 0 };
  const logger = new JsonLogger({
    log: (line) => lines.push(line),
    now: () => clock.now,
    least,
    always,
  });
  return { logger, lines, clock, parsed: () => lines.map((line) => JSON.parse(line)) };
}

describe('JsonLogger', () => {
  it('writes time, level, message and details', () => {
    const { logger, parsed } = start('debug', { worker: 3 });
    logger.warn({ code: 'RIT_ERR_X', route: '/a', requestId: 'id', n: 1, no: undefined }, 'broke');
    expect(parsed()).toEqual([
      {
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        level: 'warn',
        pid: process.pid,
        worker: 3,
        msg: 'broke',
        code: 'RIT_ERR_X',
        route: '/a',
        requestId: 'id',
        n: 1,
      },
    ]);
  });

  it('tells of errors and their causes', () => {
    const { logger, parsed } = start();
    const cause = Object.assign(new Error('inner'), { code: 'ECONNREFUSED' });
    logger.error({ err: new TypeError('outer', { cause }) }, 'broke');
    expect(parsed()[0].err).toEqual({
      type: 'TypeError',
      message: 'outer',
      stack: expect.stringContaining('json-logger.test'),
      cause: {
        type: 'Error',
        message: 'inner',
        code: 'ECONNREFUSED',
        stack: expect.any(String),
      },
    });
  });

  it.each<[LogLevel, number]>([
    ['debug', 4],
    ['info', 3],
    ['warn', 2],
    ['error', 1],
  ])('from %s on', (least, count) => {
    const { logger, lines } = start(least);
    for (const level of ['debug', 'info', 'warn', 'error'] as const) logger[level]({}, level);
    expect(lines).toHaveLength(count);
  });

  it('stays on one line, bounded, whatever it is given', () => {
    const { logger, lines, parsed } = start();
    const endless: Record<string, unknown> = { text: 'x'.repeat(100_000) };
    endless.self = endless;
    endless.list = Array.from({ length: 1000 }, () => endless);
    logger.warn(endless, `a\r\n\u001b[31m${'y'.repeat(100_000)}`);
    expect(lines[0]).not.toContain('\n');
    expect(lines[0]).not.toContain('\u001b');
    expect(lines[0]?.length).toBeLessThan(40_000);
    expect(parsed()[0]).toMatchObject({ level: 'warn', truncated: true });
  });

  it('cannot be made to say another level', () => {
    const { logger, parsed } = start();
    logger.warn({ level: 'none', msg: 'other', time: 1, pid: 2 }, 'true');
    expect(parsed()[0]).toMatchObject({ level: 'warn', msg: 'true', pid: process.pid });
  });

  it('writes the same line once in ten seconds, and then counts; notices always', () => {
    const { logger, clock, parsed } = start();
    for (const now of [0, 1, 9_999, 10_000]) {
      clock.now = now;
      logger.warn({ code: 'A', requestId: String(now) }, 'down');
    }
    expect(parsed().map(({ repeated }) => repeated)).toEqual([undefined, 2]);
    logger.notice('info', 'reloaded');
    logger.notice('info', 'reloaded');
    expect(parsed().filter(({ msg }) => msg === 'reloaded')).toHaveLength(2);
  });
});
