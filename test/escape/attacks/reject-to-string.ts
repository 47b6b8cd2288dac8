import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "reject-to-string",
  what: "a rejection that nobody handles, which never becomes a text",
  source: attackBy(`
Promise.reject({ toString() { for (;;); }, [Symbol.toPrimitive]() { for (;;); } });
`),
  expects: { type: "dies", of: "crashed", summary: /rejection/ },
};
