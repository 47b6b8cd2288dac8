/** The web platform's names on the global object. Each looks like any other; its first use makes the part it is in. */
import { namesOfParts, type PartName } from "../wire/index.ts";
import type { Parts } from "./parts.ts";

export function definePlatform(parts: Parts): void {
  for (const [part, names] of Object.entries(namesOfParts) as [PartName, string][]) {
    for (const name of names.split(" ")) defineLazily(parts, part, name);
  }
}

function defineLazily(parts: Parts, part: PartName, name: string): void {
  const settle = (value: unknown): void => {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
  };
  Object.defineProperty(globalThis, name, {
    configurable: true,
    get: () => {
      const value = (parts.provide(part) as Readonly<Record<string, unknown>>)[name];
      if (value !== undefined) settle(value);
      return value;
    },
    set: settle,
  });
}
