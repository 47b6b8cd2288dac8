import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "escape-call-sites",
  what: "the functions and objects on the stack, through the hook for stacks",
  source: attackBy(`
const seen = new Set();
Error.prepareStackTrace = (error, sites) => {
  for (const site of sites) {
    for (const ask of ["getThis", "getFunction", "getEvalOrigin"]) {
      let got;
      try { got = site[ask]?.(); } catch { continue; }
      if (typeof got !== "object" && typeof got !== "function") continue;
      if (got === null || got === globalThis) continue;
      const name = String(got.name ?? got.constructor?.name);
      let evil;
      try { evil = got.constructor?.constructor?.("return typeof process")(); } catch { continue; }
      if (evil !== undefined && evil !== "undefined") seen.add(name);
    }
  }
  return "";
};
new Error("x").stack;
setTimeout(() => {}, 1);
return [...seen];
`),
  expects: { type: "answers", with: [] },
};
