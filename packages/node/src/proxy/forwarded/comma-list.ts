/** Comma lists that each hop adds to at the end, as X-Forwarded-*. Read from there. Pure. */
import { trimOws } from '@reverseit/core/http';

/**
 * How many members of a list are read from its end, empty ones too: no chain of proxies is longer. What stands before
 * them costs nothing, and is believed of nobody.
 */
export const maxMembers = 100;

/**
 * The member that stands so many from the end, 1 the last; the first where there are not so many. Empty members are
 * passed over (RFC 9110 §5.6.1.2). Empty where there is none among the last `maxMembers`.
 */
export function memberFromEnd(list: string, place: number): string {
  // Nearly every list is this one.
  if (!list.includes(',')) return trimOws(list);
  let found = '';
  let left = place;
  for (let end = list.length, read = 0; end > 0 && left > 0 && read < maxMembers; read++) {
    const comma = list.lastIndexOf(',', end - 1);
    const member = trimOws(list.substring(comma + 1, end));
    if (member !== '') {
      found = member;
      left--;
    }
    end = comma;
  }
  return found;
}

/** Two lists as one (RFC 9110 §5.3); either may be empty. */
export function joined(list: string, more: string): string {
  if (list === '') return more;
  return more === '' ? list : `${list}, ${more}`;
}
