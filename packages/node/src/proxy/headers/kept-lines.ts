/**
 * What goes on of the field lines of a head, taken from its text in runs. Each line reads as one of ours:
 * name, colon, space, value, line end.
 */
export class KeptLines {
  readonly #text: string;
  #kept = '';
  #runStart = 0;
  #lineStart = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Passes over the next line, which goes on or not. */
  pass(name: string, value: string, goesOn: boolean): void {
    const lineEnd = this.#lineStart + name.length + value.length + 4;
    if (!goesOn) {
      this.#endRun();
      this.#runStart = lineEnd;
    }
    this.#lineStart = lineEnd;
  }

  /** Passes over the next line, in whose place another goes on. */
  replace(name: string, value: string, line: string): void {
    this.pass(name, value, false);
    this.#kept += line;
  }

  /** All that goes on, once every line was passed. */
  take(): string {
    this.#endRun();
    return this.#kept;
  }

  #endRun(): void {
    if (this.#runStart < this.#lineStart) {
      this.#kept += this.#text.substring(this.#runStart, this.#lineStart);
    }
  }
}
