import { guest } from "../attack.ts";
import { Account, brokenOut, type Deed } from "../broken-out.ts";

const poison = `'{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}, "then": 1, "length": -1}'`;

/** The guest only gives and throws what is poisoned; the deed is to look whether its cell took it. */
export const attack = brokenOut(
  "break-prototypes",
  "results, messages and errors that carry a prototype to the cell that reads them",
  undefined,
  {
    source: guest(`
      async pollute() {
        const poisoned = JSON.parse(${poison});
        this.log.info(poisoned);
        this.send(this.self, poisoned);
        await (await this.lookup("neighbour")).call.add(poisoned);
        return poisoned;
      }
      onMessage() {}
      attack() { return new Promise(() => {}); }`),
    before: "pollute",
  },
);

export const deed: Deed = () => {
  const account = new Account();
  for (const [what, one] of Object.entries({ object: {}, list: [], method: () => 0 })) {
    if ("polluted" in one) account.found(`the prototype of every ${what}`);
  }
  return account.done;
};
