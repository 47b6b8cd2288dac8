import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "throw-looping-stack",
  what: "an error whose stack never comes",
  source: attackBy(`
throw Object.defineProperty(new Error("x"), "stack", { get() { for (;;); } });
`),
  expects: { type: "dies", of: "cpu_timeout", summary: /in attack/ },
};
