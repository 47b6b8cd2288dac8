import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "flood-casts-neighbour",
  what: "a hundred thousand casts to a neighbour, which refuses what its mailbox does not hold",
  source: attackBy(`
const neighbour = await this.lookup("neighbour"); for (let i = 0; i < 100_000; i++) { try { neighbour.cast.add(); } catch (error) { if (error.code !== "MAILBOX_FULL") return error.code; } } return "done";
`),
  limits: { cpuTimeMs: 20_000 },
  expects: { type: "answers", with: "done" },
};
