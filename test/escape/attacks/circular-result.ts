import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "circular-result",
  what: "a result that holds itself",
  source: attackBy(`
const me = {}; me.me = me; return me;
`),
  expects: { type: "is_refused", with: "NOT_SERIALIZABLE" },
};
