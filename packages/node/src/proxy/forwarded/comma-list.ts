/** Comma lists that each hop adds to at the end, as X-Forwarded-*. Read from there. Pure. */
import { trimOws } from '@reverseit/core/http';

/**
 * The member that stands so many from the end, 1 the last; the first where there are not so many. Empty members are
 * passed over (RFC 9110 §5.6.1.2). Empty where there is none.
 */
export function memberFromEnd(list: string, place: number): string {
  // Nearly every list is this one.
  if (!list.includes(',')) return trimOws(list);
  let found = '';
  let left = place;
  for (let end = list.length; end > 0 && left > 0; ) {
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
