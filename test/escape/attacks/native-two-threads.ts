import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "native-two-threads",
  what: "two threads taken by native code that nobody can interrupt: more than a cell can lose",
  source: attackBy(`
Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1);
`),
  run: async ({ call }) => {
    await call("attack").catch(() => undefined);
    await call("attack");
  },
  expects: { type: "loses_its_cell", by: ["lost 2 threads"] },
  slow: true,
};
