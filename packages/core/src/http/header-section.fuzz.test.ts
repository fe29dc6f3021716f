import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type FieldEntry, fieldEntry, KIND } from './field-registry.ts';
import { fieldLines } from './field-section.ts';
import { type FieldRule, HeaderSection } from './header-section.ts';

const names = ['Host', 'host', 'A', 'a', 'x-a', 'X_A', 'Connection', 'Via', 'te', 'Authorization'];
const name = fc.constantFrom(...names);
const value = fc.constantFrom('', 'a', 'a: b', '\xff\t1', 'keep-alive');
const list = fc.array(fc.tuple(name, value), { maxLength: 8 }).map((pairs) => pairs.flat());

/** What a rule says to the fields it is asked about, one after another. */
const answers = fc.array(fc.constantFrom('pass', 'drop', 'replace'), { minLength: 1 });

/** Answers in turn, and notes what it was asked. */
class ScriptedRule implements FieldRule {
  readonly asked: [string, string, FieldEntry][] = [];
  readonly #answers: readonly string[];

  constructor(script: readonly string[]) {
    this.#answers = script;
  }

  pass(field: string, text: string, entry: FieldEntry): string | null {
    const answer = this.#answers[this.asked.length % this.#answers.length];
    this.asked.push([field, text, entry]);
    if (answer === 'drop') return null;
    return answer === 'pass' ? text : `${text};x`;
  }
}

type Change = (section: HeaderSection) => void;

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(name, value).map(
    ([field, text]): Change =>
      (it) =>
        it.append(field, text),
  ),
  fc.tuple(name, value).map(
    ([field, text]): Change =>
      (it) =>
        it.prepend(field, text),
  ),
  fc.tuple(name, value).map(
    ([field, text]): Change =>
      (it) =>
        it.set(field, text),
  ),
  name.map(
    (field): Change =>
      (it) =>
        it.remove(field),
  ),
  name.map(
    (field): Change =>
      (it) =>
        it.removeDisguised(field),
  ),
  fc.tuple(list, answers).map(
    ([fields, script]): Change =>
      (it) => {
        HeaderSection.parsed(fields, fieldLines(fields)).filter(new ScriptedRule(script), it);
      },
  ),
);

test('whatever is done to it, the text of a section says what its list says', () => {
  fc.assert(
    fc.property(list, fc.array(change, { maxLength: 6 }), (fields, changes) => {
      const section = HeaderSection.parsed([...fields], fieldLines(fields));
      const plain = HeaderSection.from(fields);
      for (const apply of changes) {
        apply(section);
        apply(plain);
        expect(section.fields).toEqual(plain.fields);
        expect(section.serialize()).toBe(fieldLines(plain.fields));
      }
    }),
  );
});

test('filter and serialize are the naive filter over the list; each field is asked about once', () => {
  fc.assert(
    fc.property(list, answers, fc.boolean(), (fields, script, hasText) => {
      const section = HeaderSection.parsed([...fields], hasText ? fieldLines(fields) : null);
      const naive = new ScriptedRule(script);
      const expected: string[] = [];
      for (let i = 0; i < fields.length; i += 2) {
        const [field = '', text = ''] = fields.slice(i, i + 2);
        const passed = naive.pass(field, text, fieldEntry(field));
        if (passed !== null) expected.push(field, passed);
      }
      const rule = new ScriptedRule(script);
      const filtered = section.filter(rule);
      expect(rule.asked).toEqual(naive.asked);
      expect(filtered.fields).toEqual(expected);
      expect(filtered.serialize()).toBe(fieldLines(expected));
      expect(section.serialize(new ScriptedRule(script))).toBe(fieldLines(expected));
      expect(section.fields).toEqual(fields);
    }),
  );
});

test('a section never denies a kind of field that it holds, nor that Host is repeated', () => {
  fc.assert(
    fc.property(
      list,
      fc.array(change, { maxLength: 6 }),
      fc.boolean(),
      (fields, changes, looks) => {
        const sections = [
          HeaderSection.parsed([...fields], fieldLines(fields)),
          HeaderSection.from(fields),
          HeaderSection.parsed(fields, fieldLines(fields)).filter(new ScriptedRule(['pass'])),
        ];
        for (const section of sections) {
          if (looks) section.mayHold(KIND.HOST);
          for (const apply of changes) apply(section);
          let held = 0;
          let hosts = 0;
          for (let i = 0; i < section.fields.length; i += 2) {
            const { id, kinds } = fieldEntry(section.fields[i] ?? '');
            held |= kinds;
            if (id === fieldEntry('host').id) hosts++;
          }
          for (const kind of [KIND.HOST, KIND.TRANSPORT, KIND.CREDENTIALS]) {
            if ((held & kind) !== 0) expect(section.mayHold(kind)).toBe(true);
          }
          if (hosts > 1) expect(section.mayHold(KIND.HOSTS)).toBe(true);
          const around = section.serializeAround('x: y\r\n');
          if (around === null) continue;
          expect([section.fields[0], hosts, held & KIND.TRANSPORT]).toEqual(['host', 1, 0]);
          expect(around).toBe(
            `${fieldLines(section.fields.slice(0, 2))}x: y\r\n${fieldLines(section.fields.slice(2))}`,
          );
        }
      },
    ),
  );
});
