/** Headers: names without case, values trimmed, `set-cookie` kept apart. */
const nameForm = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

export type HeadersInit = Headers | Iterable<readonly [string, string]> | Readonly<Record<string, string>>;

function nameOf(name: unknown): string {
  const text = String(name);
  if (!nameForm.test(text)) throw new TypeError(`invalid header name: ${text.slice(0, 100)}`);
  return text.toLowerCase();
}

function valueOf(value: unknown): string {
  const text = String(value).replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, "");
  if (/[\0\n\r]/.test(text)) throw new TypeError("invalid header value");
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 255) throw new TypeError("a header's value has characters up to U+00FF");
  }
  return text;
}

export class Headers {
  #list: (readonly [string, string])[] = [];
  /** In the order in which they are listed; made when asked for, gone with each change. */
  #order: (readonly [string, string])[] | undefined;

  constructor(init?: HeadersInit) {
    if (init === undefined) return;
    if (typeof init !== "object" || init === null)
      throw new TypeError("headers are made of an object or a list of pairs");
    if (Symbol.iterator in init) {
      for (const pair of init as Iterable<readonly string[]>) {
        const [name, value, ...rest] = typeof pair === "object" ? [...pair] : [];
        if (name === undefined || value === undefined || rest.length > 0) throw new TypeError("a header is a pair");
        this.append(name, value);
      }
    } else for (const [name, value] of Object.entries(init)) this.append(name, value);
  }

  append(name: string, value: string): void {
    this.#list.push([nameOf(name), valueOf(value)]);
    this.#order = undefined;
  }

  delete(name: string): void {
    const known = nameOf(name);
    this.#list = this.#list.filter(([one]) => one !== known);
    this.#order = undefined;
  }

  get(name: string): string | null {
    const known = nameOf(name);
    const values = this.#list.filter(([one]) => one === known).map(([, value]) => value);
    return values.length === 0 ? null : values.join(", ");
  }

  getSetCookie(): string[] {
    return this.#list.filter(([name]) => name === "set-cookie").map(([, value]) => value);
  }

  has(name: string): boolean {
    const known = nameOf(name);
    return this.#list.some(([one]) => one === known);
  }

  set(name: string, value: string): void {
    const known = nameOf(name);
    const text = valueOf(value);
    this.#order = undefined;
    const at = this.#list.findIndex(([one]) => one === known);
    if (at < 0) this.#list.push([known, text]);
    else this.#list = this.#list.flatMap((pair, i) => (i === at ? [[known, text]] : pair[0] === known ? [] : [pair]));
  }

  forEach(work: (value: string, name: string, headers: Headers) => void, thisArg?: unknown): void {
    for (const [name, value] of this) work.call(thisArg, value, name, this);
  }

  /** As they are at each step: what is set on the way is seen. */
  *entries(): Generator<[string, string]> {
    for (let i = 0; ; i++) {
      const pair = this.#sorted()[i];
      if (pair === undefined) return;
      yield [...pair];
    }
  }
  #sorted(): readonly (readonly [string, string])[] {
    if (this.#order !== undefined) return this.#order;
    const names = [...new Set(this.#list.map(([one]) => one))].toSorted();
    this.#order = names.flatMap((name): [string, string][] =>
      name === "set-cookie" ? this.getSetCookie().map((cookie) => [name, cookie]) : [[name, this.get(name) ?? ""]],
    );
    return this.#order;
  }

  *keys(): Generator<string> {
    for (const [name] of this) yield name;
  }
  *values(): Generator<string> {
    for (const [, value] of this) yield value;
  }
  [Symbol.iterator](): Generator<[string, string]> {
    return this.entries();
  }
  get [Symbol.toStringTag](): string {
    return "Headers";
  }
}
