import { blame, bomb } from "../blame.ts";

export const attack = blame(
  "blame-call",
  "a bomb in a call within the cell, of which the kernel sees the caller alone",
  {
    members: `begin() { ${bomb} }`,
    how: "call",
  },
);
