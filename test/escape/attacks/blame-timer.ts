import { blame, bomb } from "../blame.ts";

export const attack = blame("blame-timer", "a bomb in a timer, with nobody's call under way but an innocent's", {
  members: `begin() { this.after(20, "now"); }\nonMessage() { ${bomb} }`,
  how: "cast",
});
