import fc from 'fast-check';
import { expect, test } from 'vitest';
import { IntrusiveList, type Linked } from './intrusive-list.ts';

class Member implements Linked<Member> {
  previous: Member | null = null;
  next: Member | null = null;
}

/** From both ends. */
function membersOf(list: IntrusiveList<Member>): [Member[], Member[]] {
  const forth: Member[] = [];
  for (let at = list.first; at !== null; at = at.next) forth.push(at);
  const back: Member[] = [];
  for (let at = list.last; at !== null; at = at.previous) back.push(at);
  return [forth, back.reverse()];
}

const action = fc.record({ nth: fc.nat(7), first: fc.boolean() });

test('is an array whose members leave from anywhere', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const members = Array.from({ length: 8 }, () => new Member());
      const list = new IntrusiveList<Member>();
      const model: Member[] = [];
      for (const { nth, first } of actions) {
        const member = members[nth] as Member;
        const at = model.indexOf(member);
        if (at !== -1) {
          list.remove(member);
          model.splice(at, 1);
          expect([member.previous, member.next]).toEqual([null, null]);
        } else if (first) {
          list.pushFirst(member);
          model.unshift(member);
        } else {
          list.push(member);
          model.push(member);
        }
        const [forth, back] = membersOf(list);
        expect(list.members().every((each, i) => each === forth[i])).toBe(true);
        expect(forth.length === model.length && back.length === model.length).toBe(true);
        expect(model.every((each, i) => each === forth[i] && each === back[i])).toBe(true);
      }
    }),
  );
});
