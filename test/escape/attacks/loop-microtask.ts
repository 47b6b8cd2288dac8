import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "loop-microtask",
  what: "microtasks that make microtasks",
  source: attackBy(`
const again = () => queueMicrotask(again); again(); await new Promise(() => {});
`),
  expects: { type: "dies", of: "cpu_timeout", summary: /in attack/ },
};
