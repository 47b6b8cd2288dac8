/** What guests are given, in a whole Solo: a cell in its jail, called by a client. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Solo } from "../e2e/solo.ts";

const source = `import { Service } from "solo:service";
class Adder extends Service<{ sum: number }> { init() { return { sum: 0 }; } add(n: number) { return (this.state.sum += n); } }
export default class Guest extends Service {
  async run(at: Date) {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode("abc")));
    const adder = await this.spawn(Adder);
    return { year: at.getUTCFullYear(), first: digest[0], host: new URL("http://a.test/").host, sum: await adder.call.add(2), id: crypto.randomUUID().length };
  }
}`;

test("the web platform, cryptography, processes and rich values work in a jailed cell", async () => {
  await using solo = await Solo.start();
  const client = await solo.client();
  const code = new TextEncoder().encode(source);
  await client.deploy({ serviceId: "guest", code });
  const args = new TextEncoder().encode('[{"$date":"2026-01-01T00:00:00Z"}]');
  const { result } = await client.call({ serviceId: "guest", method: "run", args });
  assert.deepEqual(JSON.parse(new TextDecoder().decode(result)), {
    year: 2026,
    first: 186,
    host: "a.test",
    sum: 2,
    id: 36,
  });
});
