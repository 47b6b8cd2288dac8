/** `structuredClone`: copies with cycles and shared parts kept, as the HTML standard says, for the types that are there. */
import { DOMException } from "./exception.ts";
import { kindOf, tagOf, unbox, viewNameOf } from "./kinds.ts";
import { copyOwn } from "./own.ts";

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

type StructuredClone = (...given: [value?: unknown, options?: unknown]) => unknown;
type View = new (buffer: ArrayBuffer, offset: number, length: number) => object;

/** Nothing is transferred: what is named to be is copied, and stays what it was. */
export function makeStructuredClone(isHandle: (value: object) => boolean): StructuredClone {
  return function structuredClone(...given) {
    const [value, options] = given;
    if (given.length === 0) throw new TypeError("structuredClone takes a value");
    if (options !== undefined && typeof options !== "object") throw new TypeError("its options are an object");
    return clone(value, new Map());
  };

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
    const own = copyOwn(value);
    if (own === "refused") return refuse("an object of the platform's own");
    if (own !== undefined) return keep(own);
    switch (kindOf(value)) {
      case "view": {
        const view = value as ArrayBufferView;
        const buffer = clone(view.buffer, seen) as ArrayBuffer;
        const length = "length" in view ? (view.length as number) : view.byteLength;
        return keep(new (viewClassOf(view))(buffer, view.byteOffset, length));
      }
      case "array":
        return copyProperties(value, keep(listOfLength((value as unknown[]).length)), seen);
      case "date":
        return keep(new Date((value as Date).getTime()));
      case "regexp":
        return keep(new RegExp((value as RegExp).source, (value as RegExp).flags));
      case "boxed":
        return keep(Object(unbox(value)) as object);
      case "buffer":
        return keep((value as ArrayBuffer).slice(0));
      case "map": {
        const made = keep(new Map<unknown, unknown>());
        // As it is now: a getter on the way may change it.
        const items = [...(value as Map<unknown, unknown>)];
        for (const [key, item] of items) made.set(clone(key, seen), clone(item, seen));
        return made;
      }
      case "set": {
        const made = keep(new Set<unknown>());
        const items = [...(value as Set<unknown>)];
        for (const item of items) made.add(clone(item, seen));
        return made;
      }
      case "error":
        return cloneError(value as Error, keep, seen);
      case "opaque":
        return refuse(`an object of the kind ${tagOf(value)}`);
      case "plain":
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

  /** The kind, message, stack and cause; no other property. */
  function cloneError(value: Error, keep: <T extends object>(made: T) => T, seen: Map<object, object>): Error {
    const made = keep(new (errors[String(value.name)] ?? Error)(""));
    Reflect.deleteProperty(made, "message");
    const message = Object.getOwnPropertyDescriptor(value, "message");
    if (message !== undefined && "value" in message) define(made, "message", String(message.value));
    define(made, "stack", value.stack);
    if (Object.hasOwn(value, "cause")) define(made, "cause", clone(value.cause, seen));
    return made;
  }
}

function define(on: object, name: string, value: unknown): void {
  Object.defineProperty(on, name, { value, writable: true, configurable: true, enumerable: false });
}

/** With holes: only what is set is there. */
function listOfLength(length: number): unknown[] {
  const made: unknown[] = [];
  made.length = length;
  return made;
}

function viewClassOf(view: ArrayBufferView): View {
  const name = viewNameOf(view);
  const Class = (globalThis as unknown as Record<string, unknown>)[name];
  return typeof Class === "function" ? (Class as View) : refuse(name);
}
