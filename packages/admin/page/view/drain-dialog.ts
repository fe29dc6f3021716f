/** Asks before a backend gets no more requests. */
import { formatCount } from '../figures/format.ts';
import { byId, setText } from './dom.ts';

export interface DrainQuestion {
  readonly name: string;
  /** Requests in progress there. */
  readonly active: number;
  /** Routes that have it. */
  readonly routes: readonly string[];
  /** Routes that would be left without a backend. */
  readonly routesWithoutOthers: readonly string[];
}

const list = (names: readonly string[]): string =>
  names.length > 3
    ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`
    : names.join(', ');

export class DrainDialog {
  readonly #dialog = byId('drain-dialog', HTMLDialogElement);
  readonly #title = byId('drain-title', HTMLElement);
  readonly #text = byId('drain-text', HTMLElement);
  readonly #warning = byId('drain-warning', HTMLElement);
  /** Of the present question. */
  #answer: ((isSure: boolean) => void) | null = null;

  constructor() {
    this.#dialog.addEventListener('close', () => {
      // A browser tells of it a task later: by then the next question may be asked.
      if (!this.#dialog.open) this.#settle(this.#dialog.returnValue === 'drain');
    });
  }

  #settle(isSure: boolean): void {
    this.#answer?.(isSure);
    this.#answer = null;
  }

  /** Resolves with the answer; also with no where the dialog is closed otherwise. */
  ask({ name, active, routes, routesWithoutOthers }: DrainQuestion): Promise<boolean> {
    this.#settle(false);
    setText(this.#title, `Drain ${name}?`);
    const requests = active === 1 ? 'The request' : `The ${formatCount(active)} requests`;
    const rest = active === 0 ? '' : ` ${requests} in progress there will finish.`;
    const where = routes.length > 1 ? ` on the routes ${list(routes)}` : '';
    setText(this.#text, `It gets no new requests${where} until you enable it again.${rest}`);
    const alone = routesWithoutOthers;
    this.#warning.hidden = alone.length === 0;
    setText(
      this.#warning,
      alone.length === 0
        ? ''
        : `No other backend is available for ${list(alone)}: its requests will be answered with 503.`,
    );
    this.#dialog.returnValue = '';
    this.#dialog.showModal();
    return new Promise((resolve) => {
      this.#answer = resolve;
    });
  }
}
