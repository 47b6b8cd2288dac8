/** Which of a class's methods others may call. */
import { limits } from "../base/index.ts";
import {
  apply,
  codeAt,
  getOwnPropertyDescriptor,
  getOwnPropertyNames,
  getPrototypeOf,
  makeTable,
} from "./primordials.ts";
import { SoloError } from "./errors.ts";
import { Service } from "./service.ts";

export type Method = (this: unknown, ...args: readonly unknown[]) => unknown;
export type Methods = Readonly<Record<string, Method | undefined>>;

const callbacks = makeTable<true>();
for (const name of ["constructor", "init", "onMessage", "terminate", "codeChange", "fetch"]) callbacks[name] = true;

const inheritanceMax = 64;
const underscore = 95;
const hash = 35;

/** The class that a module exports as its default. Throws if it exports something else. */
export function findClass(exported: unknown): new () => Service {
  if (typeof exported === "function" && extendsService(exported)) return exported as unknown as new () => Service;
  if (
    typeof exported === "object" &&
    exported !== null &&
    typeof (exported as { fetch?: unknown }).fetch === "function"
  ) {
    return classOf(exported as FetchHandler);
  }
  throw new SoloError(
    "INVALID_ARGUMENT",
    'the module must `export default class ... extends Service` (import { Service } from "solo:service"), or an object with fetch(request, env)',
  );
}

interface FetchHandler {
  fetch(request: unknown, env: unknown, context: unknown): unknown;
}

/** `export default { fetch(request, env, context) {} }`: a service that does nothing else. */
function classOf(handler: FetchHandler): new () => Service {
  return class extends Service {
    fetch(request: unknown): unknown {
      const context = {
        // What is waited for may go on after the response; what it throws is nobody's but the log's.
        waitUntil: (work: PromiseLike<unknown>): void => {
          void watch(work, (error) => this.log.error("what fetch left to be done, failed:", error));
        },
        passThroughOnException: (): void => undefined,
      };
      return handler.fetch(request, this.env, context);
    }
  };
}

async function watch(work: PromiseLike<unknown>, failed: (error: unknown) => void): Promise<void> {
  try {
    await work;
  } catch (error) {
    failed(error);
  }
}

/** The service's `fetch`, as a method that takes and gives plain data; its part is made on first use. */
export function makeFetchMethod(fetch: Method, part: () => object): Method {
  return async function call(this: unknown, plain: unknown): Promise<unknown> {
    const { fromPlain, toPlain } = part() as {
      readonly fromPlain: (plain: unknown) => unknown;
      readonly toPlain: (response: unknown) => Promise<unknown>;
    };
    return toPlain(await apply(fetch, this, [fromPlain(plain)]));
  };
}

export function extendsService(exported: object): boolean {
  let at: unknown = (exported as { readonly prototype?: unknown }).prototype;
  for (let i = 0; i < inheritanceMax && typeof at === "object" && at !== null; i++) {
    at = getPrototypeOf(at);
    if (at === Service.prototype) return true;
  }
  return false;
}

/**
 * Public methods: those of the class's own prototypes up to `Service`. The nearest definition of a name decides; getters
 * are not looked into. Taken once: what the tenant changes later does not change what is callable.
 */
export function findMethods(Class: new () => Service): Record<string, Method | undefined> {
  const methods = makeTable<Method | undefined>();
  const seen = makeTable<true>();
  let at: unknown = Class.prototype;
  while (typeof at === "object" && at !== null && at !== Service.prototype) {
    const names = getOwnPropertyNames(at);
    for (let i = 0; i < names.length; i++) {
      const name = names[i] ?? "";
      if (seen[name] === true) continue;
      seen[name] = true;
      if (!isPublic(name)) continue;
      const method: unknown = getOwnPropertyDescriptor(at, name)?.value;
      if (typeof method === "function") methods[name] = method as Method;
    }
    at = getPrototypeOf(at);
  }
  return methods;
}

function isPublic(name: string): boolean {
  if (name.length === 0 || name.length > limits.methodNameLengthMax || callbacks[name] === true) return false;
  const first = codeAt(name, 0);
  return first !== underscore && first !== hash;
}

/** The callback of that name, if the class defines it itself. */
export function findCallback(Class: new () => Service, name: string): Method | undefined {
  let at: unknown = Class.prototype;
  while (typeof at === "object" && at !== null && at !== Service.prototype) {
    const own = getOwnPropertyDescriptor(at, name);
    if (own !== undefined) return typeof own.value === "function" ? (own.value as Method) : undefined;
    at = getPrototypeOf(at);
  }
  return undefined;
}
