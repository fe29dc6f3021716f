/**
 * What `chooseBackend` has returned: checked, and made a backend of the list or one of the URLs that are
 * allowed.
 */
import { createError } from '@reverseit/core/errors';
import { show } from '@reverseit/core/options';
import type { CheckedBackendGroup } from '@reverseit/upstream/internal';
import type { AllowedBackends } from '../../options/backends/allowed-backends.ts';
import { originOf, readBackendUrl } from '../../options/backends/allowed-backends.ts';
import type { ChosenOrigins, ChosenUrl } from './chosen-origins.ts';

/** What the choices of a route are made from. */
export interface Choices {
  /** Null where the route has no backends of its own. */
  readonly group: CheckedBackendGroup | null;
  readonly allowed: AllowedBackends;
  /** Null where no URL is allowed. */
  readonly origins: ChosenOrigins | null;
}

/**
 * A backend by name, or by URL; null where load balancing decides. Who gets a `ChosenUrl` releases it.
 * @throws StateError `RIT_ERR_BACKEND_NOT_ALLOWED`; LimitError `RIT_ERR_TOO_MANY_BACKENDS`
 */
export function resolveChoice(answer: unknown, choices: Choices): string | ChosenUrl | null {
  if (answer === undefined || answer === null) return null;
  const { group, allowed, origins } = choices;
  if (typeof answer === 'string' && group?.has(answer) === true) return answer;
  if (typeof answer !== 'string' && !(answer instanceof URL)) {
    throw notAllowed(`${show(answer)}; expected the name of a backend, a URL, or nothing`);
  }
  const url = readBackendUrl(answer);
  if (url === null) {
    throw notAllowed(
      `${show(String(answer))}, which is neither the name of a backend of the route nor the URL of one`,
    );
  }
  // Without a name of its own, a backend has its URL for a name.
  if (group?.has(url.href) === true) return url.href;
  if (origins === null || !allowed.allows(url)) {
    throw notAllowed(`${originOf(url)}, which is not in allowBackends`);
  }
  return origins.acquire(url);
}

const notAllowed = (what: string): Error =>
  createError('RIT_ERR_BACKEND_NOT_ALLOWED', `chooseBackend returned ${what}`);
