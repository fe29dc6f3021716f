import { describe, expect, it } from 'vitest';
import { commandFlags, flags } from './flags.ts';
import { helpText } from './help.ts';

describe('helpText', () => {
  const text = helpText((heading) => `[${heading}]`);
  const lines = text.split('\n');

  it.each(flags.map((flag) => [flag.name, flag] as const))('tells of --%s', (name, { option }) => {
    const spelled = new RegExp(`^ {2}--(?:\\[no-\\])?${name}(?: |$)`);
    const at = lines.findIndex((line) => spelled.test(line));
    expect(at).toBeGreaterThan(0);
    expect(
      lines
        .slice(at + 1, at + 5)
        .join(' ')
        .replaceAll(/ +/g, ' '),
    ).toContain(option.prose);
  });

  it.each(commandFlags)('tells of --$name', ({ name }) => expect(text).toContain(`--${name}`));

  it('puts each group under one heading', () => {
    const groups = new Set(flags.map(({ option }) => option.group));
    const headings = lines.filter((line) => line.startsWith('['));
    expect(headings).toEqual(['Command', ...groups].map((group) => `[${group}]`));
  });

  it('fits a terminal', () => {
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
  });
});
