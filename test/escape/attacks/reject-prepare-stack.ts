import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "reject-prepare-stack",
  what: "a rejection that nobody handles, with a hook for stacks that never returns",
  source: attackBy(`
Error.prepareStackTrace = () => { for (;;); }; Promise.reject(new Error("x"));
`),
  expects: { type: "dies", of: "cpu_timeout" },
};
