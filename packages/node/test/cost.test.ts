/** Targets and responses that are made to be costly: no cost may grow faster than they do. */
import { fieldLines, HeaderSection } from '@reverseit/core/http';
import { costGrowth } from '@reverseit/test-servers/cost-growth';
import { expect, it } from 'vitest';
import { responseHeaders } from '../src/proxy/headers/response-rewrite.ts';
import { TargetRewrite } from '../src/proxy/headers/target-rewrite.ts';
import { RouteTable } from '../src/routes/route-table.ts';

const factor = 16;
/**
 * What is linear takes 16 times as long, and longer where memory is collected; what is quadratic, 256 times.
 */
const most = 6 * factor;

const places = ['/', '/api/v1', '/a/b/c/d/e/f'].map((path) => ({ host: null, path }));
const routes = new RouteTable(places);
const rewrite = new TargetRewrite({ path: '/', stripPath: null, pathPrefix: '/prefix' });

it.each([
  'a',
  '/',
  '/a',
  '/.',
  '/a/..',
  '/..',
  '%2e',
  '/%2e%2E',
  '\\',
  ';',
  '/;',
  '/\\;',
  '/a;b%2f',
  ';/%2f\\%5c.',
  '%',
])('a target of many %j', (piece) => {
  const make = (size: number): string => `/.${piece.repeat(size)}%2f%5c;`;
  const run = (target: string): void => {
    for (const judge of [() => routes.match(null, target), () => rewrite.apply(target)]) {
      try {
        judge();
      } catch (error) {
        expect(error).toMatchObject({ code: 'RIT_ERR_TARGET' });
      }
    }
  };
  expect(costGrowth(make, run, 500, factor)).toBeLessThan(most);
});

it.each([
  ['text', fieldLines],
  ['fields', () => null],
])('a response whose Connection names thousands of thousands of fields, as %s', (_, textOf) => {
  const make = (size: number): HeaderSection => {
    const names = Array.from({ length: size }, (_, nth) => `x${nth}`);
    const fields = ['connection', names.join(), ...names.flatMap((name) => [`${name}y`, 'b'])];
    return HeaderSection.parsed(fields, textOf(fields));
  };
  const run = (source: HeaderSection): unknown =>
    responseHeaders(
      { status: 200, headers: source, httpVersion: '1.1' },
      false,
      null,
      false,
    ).serialize();
  expect(costGrowth(make, run, 500, factor)).toBeLessThan(most);
});
