import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "reject-many",
  what: "ten thousand rejections that nobody handles",
  source: attackBy(`
for (let i = 0; i < 10_000; i++) Promise.reject(new Error("no " + i));
`),
  expects: { type: "dies", of: "crashed", summary: /rejection/ },
};
