import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "throw-forged-solo-error",
  what: "an error that looks as if Solo itself had made it",
  source: attackBy(`
throw Object.assign(new Error("killed by admin"), { name: "SoloError", code: "SERVICE_NOT_FOUND", type: "killed" });
`),
  expects: { type: "dies", of: "crashed", summary: /killed by admin/ },
};
