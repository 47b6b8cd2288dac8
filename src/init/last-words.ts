/** The end of what a process wrote to stderr, kept for the account of its death. Bounded; may be hostile text. */

const keptLengthMax = 16_000;

export class LastWords {
  #text = "";

  add(chunk: string): void {
    this.#text = (this.#text + chunk).slice(-keptLengthMax);
  }

  /**
   * At most `lengthMax` characters. An abort of V8 says what happened in one line and then prints pages of native stack:
   * if there is such a line, it comes first.
   */
  tell(lengthMax: number): string | undefined {
    const text = this.#text.trim();
    if (text === "") return undefined;
    const fatal = /^(?:.*FATAL ERROR.*|# Fatal error.*)$/m.exec(text);
    return fatal === null ? text.slice(-lengthMax) : text.slice(fatal.index, fatal.index + lengthMax);
  }
}
