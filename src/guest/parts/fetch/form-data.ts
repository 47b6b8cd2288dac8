/** FormData: names and values, in order. */
import { Blob, File } from "./blob.ts";
import { textFrom } from "../platform.ts";

type Value = string | File;

export class FormData {
  #list: (readonly [string, Value])[] = [];

  constructor(form?: unknown) {
    if (form !== undefined) throw new TypeError("there are no HTML forms here");
  }

  append(name: string, value: unknown, fileName?: string): void {
    this.#list.push([textFrom(name), valueOf(value, fileName)]);
  }
  delete(name: string): void {
    this.#list = this.#list.filter(([one]) => one !== name);
  }
  get(name: string): Value | null {
    return this.#list.find(([one]) => one === name)?.[1] ?? null;
  }
  getAll(name: string): Value[] {
    return this.#list.filter(([one]) => one === name).map(([, value]) => value);
  }
  has(name: string): boolean {
    return this.#list.some(([one]) => one === name);
  }
  set(name: string, value: unknown, fileName?: string): void {
    const at = this.#list.findIndex(([one]) => one === name);
    const made = [textFrom(name), valueOf(value, fileName)] as const;
    if (at < 0) this.#list.push(made);
    else this.#list = this.#list.flatMap((pair, i) => (i === at ? [made] : pair[0] === name ? [] : [pair]));
  }
  forEach(work: (value: Value, name: string, data: FormData) => void, thisArg?: unknown): void {
    for (const [name, value] of this) work.call(thisArg, value, name, this);
  }
  *entries(): Generator<readonly [string, Value]> {
    yield* this.#list;
  }
  *keys(): Generator<string> {
    for (const [name] of this.#list) yield name;
  }
  *values(): Generator<Value> {
    for (const [, value] of this.#list) yield value;
  }
  [Symbol.iterator](): Generator<readonly [string, Value]> {
    return this.entries();
  }
  get [Symbol.toStringTag](): string {
    return "FormData";
  }
}

function valueOf(value: unknown, fileName: string | undefined): Value {
  if (!(value instanceof Blob)) {
    if (fileName !== undefined) throw new TypeError("only a Blob has a file's name");
    return textFrom(value);
  }
  if (value instanceof File && fileName === undefined) return value;
  return new File([value], fileName ?? "blob", { type: value.type });
}
