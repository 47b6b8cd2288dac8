import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "flood-outgoing",
  what: "a message to a neighbour larger than any may be",
  source: attackBy(`
try { await (await this.lookup("neighbour")).call.add("x".repeat(5_000_000)); } catch (error) { return error.code; }
`),
  expects: { type: "answers", with: "TOO_LARGE" },
};
