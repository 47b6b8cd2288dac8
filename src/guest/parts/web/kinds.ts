/** What an object is by what it holds inside: not by what its class or its `Symbol.toStringTag` says. */
type Getter = (this: unknown) => unknown;

const getter = (of: object, name: string | symbol): Getter =>
  Object.getOwnPropertyDescriptor(of, name)?.get ?? (() => undefined);

/** Each throws at an object that is not of the kind, and gives something else otherwise. */
const slots = {
  map: getter(Map.prototype, "size"),
  set: getter(Set.prototype, "size"),
  date: Date.prototype.getTime as Getter,
  regexp: getter(RegExp.prototype, "hasIndices"),
  buffer: getter(ArrayBuffer.prototype, "byteLength"),
} as const;
const boxed: readonly Getter[] = [Number, String, Boolean, BigInt].map((Class) => Class.prototype.valueOf);

const viewName = getter(Object.getPrototypeOf(Uint8Array.prototype) as object, Symbol.toStringTag);

export type Kind = keyof typeof slots | "array" | "view" | "boxed" | "error" | "opaque" | "plain";

/** What holds something inside that no copy could have, by its tag. */
const opaque =
  /^(?:Promise|WeakMap|WeakSet|WeakRef|FinalizationRegistry|Generator|AsyncGenerator|Arguments|Symbol|Intl\..*|.* Iterator|.* Helper)$/;

export const tagOf = (value: object): string => Object.prototype.toString.call(value).slice(8, -1);

export function kindOf(value: object): Kind {
  if (Array.isArray(value)) return "array";
  if (ArrayBuffer.isView(value)) return "view";
  const tag = tagOf(value);
  // By far the most are these.
  const prototype: unknown = Object.getPrototypeOf(value);
  if (tag === "Object" && (prototype === Object.prototype || prototype === null)) return "plain";
  if ((Error as unknown as { isError(value: object): boolean }).isError(value)) return "error";
  for (const [kind, slot] of Object.entries(slots) as [Kind, Getter][]) if (has(value, slot)) return kind;
  if (boxed.some((slot) => has(value, slot))) return "boxed";
  return opaque.test(tag) ? "opaque" : "plain";
}

function has(value: object, slot: Getter): boolean {
  try {
    // `RegExp.prototype` is no regular expression, and answers all the same.
    return slot.call(value) !== undefined;
  } catch {
    return false;
  }
}

/** The value in `Object(1)` and the like. */
export const unbox = (value: object): unknown => boxed.find((slot) => has(value, slot))?.call(value);

/** The name of a view's class: that of the language, whatever class was made of it. */
export const viewNameOf = (view: ArrayBufferView): string => {
  const name = viewName.call(view);
  return typeof name === "string" ? name : "DataView";
};
