import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "flood-casts-absent",
  what: "a hundred thousand casts to a service that is not there",
  source: attackBy(`
const nobody = await this.lookup("nobody"); let refused = 0; for (let i = 0; i < 100_000; i++) { try { nobody.cast.x(i); } catch { refused++; } } return "done";
`),
  limits: { cpuTimeMs: 20_000 },
  expects: { type: "answers", with: "done" },
};
