import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "flood-lookups",
  what: "a hundred thousand references",
  source: attackBy(`
const all = []; let refused; for (let i = 0; i < 100_000; i++) { try { all.push(await this.lookup("service-" + i)); } catch (error) { refused ??= error.code; } } return "done";
`),
  limits: { cpuTimeMs: 20_000 },
  expects: { type: "answers", with: "done" },
};
