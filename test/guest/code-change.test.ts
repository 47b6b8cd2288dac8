/** `codeChange` before there are updates: a callback that a service may have, and that nobody can call. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { cellFor, service } from "../cell/cell-process.ts";

const body = (name: string): string => `
  static migrated = 0;
  init() { return { count: 1 }; }
  codeChange(fromRelease, oldState) { this.constructor.migrated += 1; return { count: oldState.count + 100 }; }
  read() { return [${JSON.stringify(name)}, this.state.count, this.constructor.migrated]; }`;

test("a service that has codeChange starts with init, and its state is its own", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(service(body("first")));
  assert.deepEqual(await kernel.result(id, "read"), ["first", 1, 0]);
});

test("codeChange is no method: neither clients nor services nor processes of the service can call it", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(service(body("svc")), { service: "svc" });
  const called = await kernel.call(id, "codeChange", ["0".repeat(64), { count: 1 }]);
  assert.equal(called.failure?.code, "METHOD_NOT_FOUND");
  assert.equal(called.failure?.executed, "not_executed");
  kernel.cast(id, "codeChange", "0".repeat(64), { count: 1 });
  const other = await kernel.load(
    `import { Service } from "solo:service";
     class Child extends Service { ${body("child")} }
     export default class extends Service {
       async ask() {
         const codes = [];
         for (const reference of [await this.lookup("svc"), await this.spawn(Child)]) {
           try { await reference.call.codeChange("x", { count: 1 }); } catch (error) { codes.push(error.code, error.executed); }
           codes.push(await reference.call.read());
         }
         return codes;
       }
     }`,
    { service: "other", incarnation: 2 },
  );
  assert.deepEqual(await kernel.result(other, "ask"), [
    "METHOD_NOT_FOUND",
    "not_executed",
    ["svc", 1, 0],
    "METHOD_NOT_FOUND",
    "not_executed",
    ["child", 1, 0],
  ]);
  assert.deepEqual(await kernel.result(id, "read"), ["svc", 1, 0]);
});

test("a service may call its own codeChange, as any function of its class", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    service(`${body("svc")} again() { this.state = this.codeChange("x", this.state); return this.read(); }`),
  );
  assert.deepEqual(await kernel.result(id, "again"), ["svc", 101, 1]);
});

test("what is called codeChange and is no function does not keep a service from starting", async (t) => {
  const { kernel } = await cellFor(t);
  const id = await kernel.load(
    service(`get codeChange() { throw new Error("nobody looks"); } hello() { return "hi"; }`),
  );
  assert.equal(await kernel.result(id, "hello"), "hi");
});
