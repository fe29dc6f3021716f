import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { ModelProxy } from '../test/model-proxy.ts';
import { openMetricsText, prometheusText } from './prometheus-text.ts';
import { Scrape } from './scrape.ts';
import { SharedStats } from './shared-stats.ts';

const routes = Array.from({ length: 200 }, (_, nth) => `/${nth}`);
const figures = new ModelProxy({ routes, backends: [], workers: 1, load: 1 }).pass();

it.each([
  [false, prometheusText(figures)],
  [true, openMetricsText(figures)],
])('many routes are written over many turns, as at once (OpenMetrics: %s)', async (open, whole) => {
  const scrape = new Scrape(new SharedStats(() => figures), open);
  let turns = 0;
  let done = false;
  const text = scrape.text().finally(() => {
    done = true;
  });
  while (!done) {
    await setImmediate();
    turns++;
  }
  const { type, body } = await text;
  expect([type, body.toString()]).toEqual([whole.type, whole.text]);
  expect(turns).toBeGreaterThanOrEqual(Math.floor(body.length / 32_768));
  expect(turns).toBeGreaterThan(5);
});

it('who scrapes at the same time gets the same', async () => {
  let taken = 0;
  const stats = new SharedStats(() => {
    taken++;
    return figures;
  });
  const scrape = new Scrape(stats, false);
  const first = scrape.text();
  await setImmediate();
  await setImmediate();
  const texts = await Promise.all([first, scrape.text()]);
  expect(texts[0]).toBe(texts[1]);
  expect(taken).toBe(1);
  expect(await scrape.text()).not.toBe(texts[0]);
  expect(taken).toBe(2);
});

it('a failure is that of all who wait, and of nobody after them', async () => {
  let fails = true;
  const scrape = new Scrape(
    new SharedStats(() => {
      if (fails) throw new Error('no luck');
      return figures;
    }),
    false,
  );
  await expect(scrape.text()).rejects.toThrow('no luck');
  fails = false;
  expect((await scrape.text()).type).toContain('0.0.4');
});
