/** `structuredClone`: copies with cycles and shared parts kept, as the HTML standard says, for the types that are there. */
import { DOMException } from "./exception.ts";

const refuse = (what: string): never => {
  throw new DOMException(`${what} could not be cloned`, "DataCloneError");
};

const errors: Readonly<Record<string, new (message: string) => Error>> = {
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};

type View = new (buffer: ArrayBuffer, offset: number, length: number) => object;

export function makeStructuredClone(isHandle: (value: object) => boolean): (value: unknown) => unknown {
  return (value) => clone(value, new Map());

  function clone(value: unknown, seen: Map<object, object>): unknown {
    if (typeof value === "symbol" || typeof value === "function") return refuse(String(value));
    if (typeof value !== "object" || value === null) return value;
    const known = seen.get(value);
    if (known !== undefined) return known;
    if (isHandle(value)) return refuse("a reference");
    const keep = <T extends object>(made: T): T => {
      seen.set(value, made);
      return made;
    };
    if (ArrayBuffer.isView(value)) {
      const buffer = clone(value.buffer, seen) as ArrayBuffer;
      const length = "length" in value ? (value.length as number) : value.byteLength;
      return keep(new (viewOf(value))(buffer, value.byteOffset, length));
    }
    switch (Object.prototype.toString.call(value)) {
      case "[object Array]": {
        const made = keep(listOfLength((value as unknown[]).length));
        return copyProperties(value, made, seen);
      }
      case "[object Date]":
        return keep(new Date((value as Date).getTime()));
      case "[object RegExp]":
        return keep(new RegExp((value as RegExp).source, (value as RegExp).flags));
      case "[object Boolean]":
      case "[object Number]":
      case "[object String]":
      case "[object BigInt]":
        return keep(Object((value as { valueOf(): unknown }).valueOf()) as object);
      case "[object ArrayBuffer]":
        return keep((value as ArrayBuffer).slice(0));
      case "[object Map]": {
        const made = keep(new Map<unknown, unknown>());
        for (const [key, item] of value as Map<unknown, unknown>) made.set(clone(key, seen), clone(item, seen));
        return made;
      }
      case "[object Set]": {
        const made = keep(new Set<unknown>());
        for (const item of value as Set<unknown>) made.add(clone(item, seen));
        return made;
      }
      case "[object Error]":
        return cloneError(value as Error, keep, seen);
      case "[object Promise]":
      case "[object WeakMap]":
      case "[object WeakSet]":
      case "[object WeakRef]":
      case "[object Generator]":
        return refuse(`an ${Object.prototype.toString.call(value)}`);
      default:
        return copyProperties(value, keep({}), seen);
    }
  }

  function copyProperties(from: object, to: object, seen: Map<object, object>): object {
    for (const name of Object.keys(from)) {
      Object.defineProperty(to, name, {
        value: clone((from as Record<string, unknown>)[name], seen),
        writable: true,
        enumerable: true,
        configurable: true,
      });
    }
    return to;
  }

  function cloneError(value: Error, keep: <T extends object>(made: T) => T, seen: Map<object, object>): Error {
    const made = keep(new (errors[value.name] ?? Error)(String(value.message)));
    if (value.name === "Error" || value.name in errors)
      Object.defineProperty(made, "name", { ...hidden, value: value.name });
    Object.defineProperty(made, "stack", { ...hidden, value: value.stack });
    if ("cause" in value) Object.defineProperty(made, "cause", { ...hidden, value: clone(value.cause, seen) });
    return made;
  }
}

/** With holes: only what is set is there. */
function listOfLength(length: number): unknown[] {
  const made: unknown[] = [];
  made.length = length;
  return made;
}

const hidden = { writable: true, configurable: true, enumerable: false };

/** The view's class by its own brand, whatever class it was extended to. */
function viewOf(view: ArrayBufferView): View {
  const tag = Object.prototype.toString.call(view).slice(8, -1);
  const Class = (globalThis as unknown as Record<string, unknown>)[tag];
  return typeof Class === "function" ? (Class as View) : refuse(tag);
}
