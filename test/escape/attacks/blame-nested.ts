import { blame, bomb } from "../blame.ts";

export const attack = blame("blame-nested", "a bomb in a call that runs on the stack of its caller's turn", {
  members: `begin() { ${bomb} }`,
  how: "call",
  quick: true,
});
