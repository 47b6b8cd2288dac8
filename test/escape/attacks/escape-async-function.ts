import { type Attack, attackBy } from "../attack.ts";

export const attack: Attack = {
  name: "escape-async-function",
  what: "the constructors of the other kinds of function",
  source: attackBy(`
const kinds = [async () => {}, function* () {}, async function* () {}].map((one) => one.constructor);
const said = [];
for (const Kind of kinds) {
  const made = Kind("return typeof process");
  const result = made();
  said.push(typeof result.then === "function" ? await result : (await result.next()).value);
}
return said.join();
`),
  expects: { type: "answers", with: "undefined,undefined,undefined" },
};
