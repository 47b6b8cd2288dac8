/** DOMException: what the web platform's own functions throw. */
const codes: Readonly<Record<string, number>> = {
  IndexSizeError: 1,
  HierarchyRequestError: 3,
  WrongDocumentError: 4,
  InvalidCharacterError: 5,
  NoModificationAllowedError: 7,
  NotFoundError: 8,
  NotSupportedError: 9,
  InUseAttributeError: 10,
  InvalidStateError: 11,
  SyntaxError: 12,
  InvalidModificationError: 13,
  NamespaceError: 14,
  InvalidAccessError: 15,
  TypeMismatchError: 17,
  SecurityError: 18,
  NetworkError: 19,
  AbortError: 20,
  URLMismatchError: 21,
  QuotaExceededError: 22,
  TimeoutError: 23,
  InvalidNodeTypeError: 24,
  DataCloneError: 25,
};

export class DOMException extends Error {
  readonly #name: string;
  constructor(message = "", about: string | ErrorAbout = "Error") {
    super(String(message));
    const { name = "Error", cause } = typeof about === "object" ? about : { name: about };
    this.#name = String(name);
    if (cause !== undefined) Object.defineProperty(this, "cause", { value: cause, writable: true, configurable: true });
  }
  override get name(): string {
    return this.#name;
  }
  get code(): number {
    return Object.hasOwn(codes, this.#name) ? (codes[this.#name] ?? 0) : 0;
  }
}

interface ErrorAbout {
  readonly name?: string;
  readonly cause?: unknown;
}

// The codes have names of their own, which end in `_ERR`: `DATA_CLONE_ERR` is 25.
for (const [name, value] of Object.entries(codes)) {
  const words = name.replace(/Error$/, "").replace(/(?<=[a-z])(?=[A-Z])/g, "_");
  const constant = { value, enumerable: true };
  Object.defineProperty(DOMException, `${words.toUpperCase()}_ERR`, constant);
  Object.defineProperty(DOMException.prototype, `${words.toUpperCase()}_ERR`, constant);
}
