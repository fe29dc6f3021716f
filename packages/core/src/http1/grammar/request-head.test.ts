import { expect, test } from 'vitest';
import { HeaderSection } from '../../http/header-section.ts';
import { RequestHead } from './request-head.ts';

test('its list says what its section says, whatever becomes of that', () => {
  const head = new RequestHead('GET', '/', 1, HeaderSection.parsed(['Host', 'a']), 0);
  const { fields } = head;
  head.headers.set('host', 'b');
  head.headers.append('A', '1');
  expect(head.fields).toEqual(['host', 'b', 'A', '1']);
  expect(fields).toBe(head.fields);
});
