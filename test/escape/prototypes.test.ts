/**
 * What comes from a cell, a guest, the builder or init may name the prototype of everything: parsed by the kernel's own
 * parsers, it changes no prototype, here where they run, and what they make of it inherits nothing that was sent.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isMisfit, type Shape } from "../../src/base/index.ts";
import { builderToKernelShape, kernelToBuilderShape } from "../../src/wire/builder.ts";
import { cellToKernelShape, kernelToCellShape } from "../../src/wire/cell.ts";
import { encodeFrame, FrameReader } from "../../src/wire/frame.ts";
import { initToKernelShape, kernelToInitShape } from "../../src/wire/init.ts";
import * as messages from "../arbitraries/messages.ts";
import { isOpen, variants } from "../arbitraries/typed.ts";

const ways: Readonly<Record<string, { readonly shape: Shape<unknown>; readonly sound: fc.Arbitrary<object> }>> = {
  "cell → kernel": { shape: cellToKernelShape, sound: variants(messages.cellToKernel) },
  "kernel → cell": { shape: kernelToCellShape, sound: variants(messages.kernelToCell) },
  "builder → kernel": { shape: builderToKernelShape, sound: variants(messages.builderToKernel) },
  "kernel → builder": { shape: kernelToBuilderShape, sound: variants(messages.kernelToBuilder) },
  "init → kernel": { shape: initToKernelShape, sound: variants(messages.initToKernel) },
  "kernel → init": { shape: kernelToInitShape, sound: variants(messages.kernelToInit) },
};

const poison = `"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"prototype":{"polluted":true}`;

/** Its text, with the poison in every object that has fields. What has names of anybody's choice is a record of its own. */
function poisoned(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(poisoned).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const own = Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .map(([name, inner]) => `${JSON.stringify(name)}:${isOpen(value) ? JSON.stringify(inner) : poisoned(inner)}`);
  return `{${[...(isOpen(value) ? [] : [poison]), ...own].join(",")}}`;
}

/** As a frame's header: what is sent is text, and no object of ours can hold such keys. */
function framed(text: string): unknown {
  const bytes = encodeFrame("");
  const head = new TextEncoder().encode(text);
  const frame = new Uint8Array(bytes.length - 2 + head.length);
  frame.set(bytes.subarray(0, 12));
  new DataView(frame.buffer).setUint32(4, head.length, true);
  frame.set(head, 12);
  const [only] = [...new FrameReader().read(frame)];
  assert.ok(only !== undefined && "header" in only, text);
  return only.header;
}
/** Nothing that it consists of inherits from anything but what everything does. */
function insistPlain(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  const prototype: unknown = Object.getPrototypeOf(value);
  assert.ok(prototype === null || prototype === Object.prototype || prototype === Array.prototype);
  assert.ok(!("polluted" in value));
  for (const name of Object.keys(value)) insistPlain((value as Record<string, unknown>)[name]);
}

for (const [way, { shape, sound }] of Object.entries(ways)) {
  test(`${way}: a message with a prototype in each of its parts is taken without them, and changes none`, () => {
    const before = [Object.prototype, Array.prototype].map((each) => Reflect.ownKeys(each).length);
    fc.assert(
      fc.property(sound, (message) => {
        const text = poisoned(message);
        assert.match(text, /polluted/);
        const parsed = shape(framed(text));
        assert.ok(!isMisfit(parsed), JSON.stringify(parsed));
        insistPlain(parsed);
        assert.deepEqual(parsed, shape(framed(JSON.stringify(message))));
      }),
      { numRuns: 200 },
    );
    for (const one of [{}, [], () => 0]) assert.ok(!("polluted" in one));
    assert.deepEqual(
      [Object.prototype, Array.prototype].map((each) => Reflect.ownKeys(each).length),
      before,
    );
  });
}
