import type { Attack } from "../attack.ts";

export const attack: Attack = {
  name: "start-extends-proxy",
  what: "a default export that is a proxy of a class, with traps that never return",
  source: `
import { Service } from "solo:service";
class Plain extends Service {}
export default new Proxy(Plain, { get() { for (;;); }, getPrototypeOf() { for (;;); }, construct() { for (;;); } });
`,
  limits: { startupTimeoutMs: 400 },
  expects: { type: "never_starts", of: "startup_timeout" },
};
