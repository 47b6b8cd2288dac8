import { blame, bomb } from "../blame.ts";

export const attack = blame("blame-cast", "a bomb in a cast, with nobody's call under way but an innocent's", {
  members: `begin() { ${bomb} }`,
  how: "cast",
});
