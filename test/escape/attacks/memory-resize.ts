import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "memory-resize",
  what: "a buffer that was made small and shall grow",
  source: attackBy(`
const buffer = new ArrayBuffer(1, { maxByteLength: 2 ** 30 }); return [typeof buffer.resize, buffer.resizable, typeof buffer.transfer];
`),
  expects: { type: "answers", with: ["undefined", false, "undefined"] },
};
