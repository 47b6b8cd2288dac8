import { type Attack, guest } from "../attack.ts";

export const attack: Attack = {
  name: "forge-sender",
  what: "messages to itself that claim to come from another",
  source: guest(`
init() { return { from: [] }; }
onMessage(message, from) { this.state.from.push(from.name); }
attack() { this.send({ name: "victim/steady" }, 1); }
seen() { return this.state.from; }
`),
  run: async ({ call }) => {
    await Promise.allSettled([call("attack")]);
    return call("seen");
  },
  expects: { type: "answers", with: [] },
};
