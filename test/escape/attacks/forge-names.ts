import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "forge-names",
  what: "names that are no names: pids, numbers, paths, another tenant's",
  source: attackBy(`
const said = [];
for (const name of ["#1", "#2", "<0.1.1>", "victim/steady", "../victim/steady", "victim:steady", "steady", "", "a".repeat(5000), "\u0000", "__proto__"]) {
  try { await (await this.lookup(name)).with({ timeoutMs: 1000 }).call.add(); said.push(name); } catch (error) { said.push(error.code); }
}
return said.filter((code) => !["SERVICE_NOT_FOUND", "INVALID_ARGUMENT"].includes(code));
`),
  expects: { type: "answers", with: [] },
};
