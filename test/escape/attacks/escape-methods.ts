import { type Attack, guest } from "../attack.ts";

export const attack: Attack = {
  name: "escape-methods",
  what: "methods of the class that nobody gave: callbacks, inherited ones, hidden ones",
  source: guest(`
attack() { return 1; } _hidden() { return "hidden"; } init() {}
`),
  run: async ({ call }) => {
    const names = [
      "_hidden",
      "constructor",
      "init",
      "__proto__",
      "toString",
      "hasOwnProperty",
      "terminate",
      "send",
      "lookup",
      "__defineGetter__",
    ];
    const said = await Promise.allSettled(names.map((name) => call(name)));
    return said.every((one) => one.status === "rejected" && String(one.reason).includes("no public method"));
  },
  expects: { type: "answers", with: true },
};
