import { describe, expect, it } from 'vitest';
import { worstOf } from './check-words.mjs';

describe('worstOf', () => {
  it.each([
    'Longest wait for a free connection.',
    'Most connections per backend.',
    'a hook used a field name that is no token',
    'SIGTERM, finishing what is under way; once more to end at once',
    'Limits and pools are of each.',
    'infinity lifts a limit that may be lifted',
    'Signature algorithms, with colons between.',
  ])('finds something in: %s', (text) => expect(worstOf(text)).toBeDefined());

  it.each([
    'Maximum time to wait for a free backend connection.',
    'invalid header name',
    'SIGTERM: shutting down gracefully; repeat to force',
    'Limits and pools are per worker.',
    'Hooks beside `routes` run for every route.',
  ])('finds nothing in: %s', (text) => expect(worstOf(text)).toBeUndefined());
});
