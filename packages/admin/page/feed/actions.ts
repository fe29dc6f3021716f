/** What the page asks the proxy to do. */
import { authorization } from './token.ts';

/**
 * Drains or enables a backend.
 * @throws Error that says what the proxy answered
 */
export const changeBackend = async (name: string, action: 'drain' | 'enable'): Promise<void> => {
  const response = await fetch(`backends/${encodeURIComponent(name)}/${action}`, {
    method: 'POST',
    headers: authorization(),
    signal: AbortSignal.timeout(10_000),
  });
  if (response.ok) return;
  const said = (await response.text()).slice(0, 300).trim();
  throw new Error(said === '' ? `the proxy answered with ${response.status}` : said);
};
