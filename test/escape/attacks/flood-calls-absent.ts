import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "flood-calls-absent",
  what: "ten thousand calls at once to a service that is not there",
  source: attackBy(`
const nobody = await this.lookup("nobody"); const said = await Promise.allSettled(Array.from({ length: 10_000 }, () => nobody.call.x())); return [...new Set(said.map((one) => one.reason.code))].filter((code) => !["SERVICE_NOT_FOUND", "OVERLOADED"].includes(code));
`),
  limits: { cpuTimeMs: 20_000 },
  expects: { type: "answers", with: [] },
};
