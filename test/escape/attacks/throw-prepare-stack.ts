import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "throw-prepare-stack",
  what: "a hook for stacks that never returns",
  source: attackBy(`
Error.prepareStackTrace = () => { for (;;); }; throw new Error("x");
`),
  expects: { type: "dies", of: "cpu_timeout", summary: /in attack/ },
};
