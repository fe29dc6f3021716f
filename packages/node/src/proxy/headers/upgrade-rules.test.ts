import { describe, expect, it } from 'vitest';
import { isOffered, UpgradeRules } from './upgrade-rules.ts';

describe('RFC 9110 §7.8: what a client offers and a route allows', () => {
  it.each<[allowed: readonly string[], offer: string, chosen: string | null]>([
    [['websocket'], 'websocket', 'websocket'],
    [['websocket'], 'WebSocket', 'websocket'],
    [['websocket'], 'h2c, websocket', 'websocket'],
    [['websocket'], 'websocket/13', null],
    [['websocket'], 'tcp', null],
    [['websocket'], 'websocket, a b', null],
    [['websocket', 'tcp'], 'tcp', 'tcp'],
    [['websocket', 'tcp'], 'TCP', 'TCP'],
    [['websocket', 'tcp'], 'h2c,tcp', 'tcp'],
    [['websocket', 'tcp'], 'websocket, tcp', 'websocket'],
    [['websocket', 'tcp'], 'tcp, websocket', 'tcp'],
    [['tcp'], 'websocket', null],
    [['tcp'], 'tcpx', null],
    [['tcp'], 'tc', null],
    [['tcp'], 'tcp/2', 'tcp/2'],
    [['spdy'], 'SPDY/3.1', 'SPDY/3.1'],
    [['spdy/3.1'], 'SPDY/3.1', 'SPDY/3.1'],
    [['spdy/3.1'], 'SPDY/3', null],
    [['spdy/3.1'], 'SPDY', null],
    [['spdy', 'tcp'], 'SPDY/3.1, x, SPDY/3, tcp', 'SPDY/3.1, SPDY/3, tcp'],
    [[], 'websocket', null],
    [['websocket'], '', null],
  ])('%j, of %j: %j', (allowed, offer, chosen) => {
    expect(new UpgradeRules(allowed).choose(['Upgrade', offer])).toBe(chosen);
  });
});

describe('RFC 9110 §7.8: what a backend may switch to', () => {
  it.each<[offer: string, upgrade: readonly string[], answer: boolean]>([
    ['tcp', ['tcp'], true],
    ['tcp', ['TCP'], true],
    ['SPDY/3.1', ['SPDY/3.1'], true],
    ['SPDY/3.1, tcp', ['tcp'], true],
    ['SPDY/3.1', ['SPDY/3'], false],
    ['tcp', ['websocket'], false],
    ['tcp', ['tcp, h2c'], false],
    ['tcp', ['tcp', 'h2c'], false],
    ['tcp', ['tcp, a b'], false],
    ['tcp', [''], false],
    ['tcp', [], false],
  ])('asked for %s, it names %j: %s', (offer, upgrade, answer) => {
    const fields = upgrade.flatMap((value) => ['Upgrade', value]);
    expect(isOffered(fields, offer)).toBe(answer);
  });
});
