import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "deep-recursion-caught",
  what: "a recursion that catches its own end and goes on",
  source: attackBy(`
const dig = () => { try { return dig() + 1; } catch { return dig() + 1; } }; return dig();
`),
  expects: { type: "dies", of: "cpu_timeout", summary: /in attack/ },
};
