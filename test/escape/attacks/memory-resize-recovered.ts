import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "memory-resize-recovered",
  what: "the original of the buffer's constructor, by every way that leads to one",
  source: attackBy(`
const made = [];
for (const of of [Uint8Array.of(1).buffer, new DataView(new ArrayBuffer(1)).buffer]) {
  const Found = of.constructor;
  const Deeper = Found.prototype.constructor;
  for (const Each of [Found, Deeper, Object.getPrototypeOf(of).constructor]) {
    made.push(new Each(1, { maxByteLength: 2 ** 20 }).resizable, Reflect.construct(Each, [1, { maxByteLength: 2 ** 20 }]).resizable);
  }
}
return made.some(Boolean);
`),
  expects: { type: "answers", with: false },
};
