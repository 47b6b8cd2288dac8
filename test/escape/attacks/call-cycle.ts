import { type Attack, guest } from "../attack.ts";

export const attack: Attack = {
  name: "call-cycle",
  what: "a service that calls itself and waits",
  source: guest(`
async attack() { return (await this.lookup('attacker')).call.attack(); }
`),
  expects: { type: "dies", of: "crashed", summary: /CALL_CYCLE|wait for itself/ },
};
