/** Asks for the token of the admin listener. */
import { byId, setText } from './dom.ts';

export class SignIn {
  readonly #section = byId('sign-in', HTMLElement);
  readonly #input = byId('token', HTMLInputElement);
  readonly #fault = byId('token-fault', HTMLElement);
  readonly #figures = byId('figures', HTMLElement);

  constructor(onToken: (token: string) => void) {
    byId('token-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      const token = this.#input.value.trim();
      // A header field takes no other characters.
      if (!/^[\x21-\x7e]+$/.test(token)) {
        this.show('A token has visible ASCII characters only.');
        return;
      }
      setText(this.#fault, '');
      onToken(token);
    });
  }

  show(fault: string): void {
    this.#section.hidden = false;
    this.#figures.hidden = true;
    setText(this.#fault, fault);
    this.#input.toggleAttribute('aria-invalid', fault !== '');
    this.#input.select();
    this.#input.focus();
  }

  hide(): void {
    this.#section.hidden = true;
    this.#figures.hidden = false;
    this.#input.value = '';
    this.#input.removeAttribute('aria-invalid');
  }
}
