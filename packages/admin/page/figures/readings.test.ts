import { expect, it } from 'vitest';
import { ModelProxy } from '../../test/model-proxy.ts';
import { Readings } from './readings.ts';

it('compares with the reading before, and with one that is as old as the window', () => {
  const proxy = new ModelProxy();
  const readings = new Readings(10_000);
  expect(readings.last).toBeNull();
  readings.push(proxy.pass());
  expect(readings.window).toBeNull();
  for (let i = 0; i < 5; i += 1) readings.push(proxy.pass());
  expect(readings.last?.elapsed).toBe(1000);
  expect(readings.window?.elapsed).toBe(5000);
  for (let i = 0; i < 20; i += 1) readings.push(proxy.pass());
  expect(readings.last?.elapsed).toBe(1000);
  expect(readings.window?.elapsed).toBe(10_000);
});

it('after a pause the window is as long as the pause', () => {
  const proxy = new ModelProxy();
  const readings = new Readings(10_000);
  for (let i = 0; i < 5; i += 1) readings.push(proxy.pass());
  readings.push(proxy.pass(60_000));
  expect(readings.window?.elapsed).toBe(60_000);
});

it('compares nothing across a start of the proxy', () => {
  const readings = new Readings(10_000);
  const proxy = new ModelProxy();
  expect(readings.push(proxy.pass())).toBe(true);
  expect(readings.push(proxy.pass())).toBe(true);
  proxy.restart();
  expect(readings.push(proxy.pass())).toBe(false);
  expect(readings.last).toBeNull();
  expect(readings.push(proxy.pass())).toBe(true);
  expect(readings.window?.elapsed).toBe(1000);
});
