import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mix32 } from './hash.ts';
import { HashRing } from './hash-ring.ts';

const keys = Array.from({ length: 4000 }, (_, i) => mix32(i));
const name = fc.stringMatching(/^[a-z0-9.:]{1,20}$/);
const members = (weight: fc.Arbitrary<number>, minLength: number) =>
  fc.uniqueArray(fc.record({ name, weight }), {
    minLength,
    maxLength: 20,
    selector: (one) => one.name,
  });

const owners = (ring: HashRing<{ name: string; weight: number }>): string[] =>
  keys.map((key) => ring.memberAt(ring.find(key)).name);

test('who leaves takes only its own keys along: at most 1/N of them and 5 %', () => {
  fc.assert(
    fc.property(members(fc.constant(1), 2), fc.nat(), (list, at) => {
      const gone = list[at % list.length]!;
      const before = owners(new HashRing(list));
      const after = owners(new HashRing(list.filter((one) => one !== gone)));
      const moved = before.filter((owner, i) => owner !== after[i]);
      expect(new Set(moved).size).toBeLessThanOrEqual(1);
      expect(moved.every((owner) => owner === gone.name)).toBe(true);
      expect(moved.length / keys.length).toBeLessThanOrEqual(
        1 / list.length + 0.05 + 0.25 / list.length,
      );
    }),
    { numRuns: 40 },
  );
});

test('the order of the list does not matter', () => {
  const lists = members(fc.integer({ min: 1, max: 1000 }), 1);
  fc.assert(
    fc.property(lists, (list) => {
      const sorted = [...list].sort((a, b) => a.weight - b.weight);
      expect(owners(new HashRing(sorted))).toEqual(owners(new HashRing(list)));
    }),
    { numRuns: 40 },
  );
});
