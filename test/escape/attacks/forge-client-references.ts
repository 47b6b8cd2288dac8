import { type Attack, guest } from "../attack.ts";

export const attack: Attack = {
  name: "forge-client-references",
  what: "references written by hand into a client's arguments",
  source: guest(`
attack(x) { return [typeof x?.call, typeof x?.cast]; }
`),
  run: async ({ call }) => {
    const forged = [{ $service: 0 }, { $service: 1 }, { $service: "neighbour" }, { $service: -1 }];
    const said = await Promise.allSettled(forged.map((one) => call("attack", [one])));
    return said.every(
      (one) => one.status === "rejected" || JSON.stringify(one.value) === JSON.stringify(["undefined", "undefined"]),
    );
  },
  expects: { type: "answers", with: true },
};
