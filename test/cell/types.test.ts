/** The types that authors write against: what is right compiles under strict TypeScript, what is wrong does not. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

const root = join(import.meta.dirname, "..", "..");

/** What the compiler says of a service. */
function compile(t: TestContext, source: string): string {
  const folder = mkdtempSync(join(tmpdir(), "solo-types-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  copyFileSync(join(root, "src", "guest", "solo-service.d.ts"), join(folder, "solo-service.d.ts"));
  writeFileSync(join(folder, "service.ts"), source);
  // As an author's project has it: packages are found, with their types.
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const options = {
    strict: true,
    noEmit: true,
    target: "esnext",
    module: "esnext",
    moduleResolution: "bundler",
    lib: ["esnext"],
    types: [],
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
  };
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({ compilerOptions: options, files: ["service.ts", "solo-service.d.ts"] }),
  );
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  return spawnSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" }).stdout;
}

const counter = `
import { Service } from "solo:service";

export default class Counter extends Service<{ count: number }> {
  init() { return { count: 0 }; }
  add(n = 1) { return (this.state.count += n); }
}
`;

test("the counter of the design compiles as it stands", (t) => {
  assert.equal(compile(t, counter), "");
});

test("everything that a service is offered is typed", (t) => {
  const source = `${counter}
import { CallError, Refusal, type Reference, type Sender, type TimerId } from "solo:service";
export class Asker extends Service<{ timer: TimerId | undefined; seen: string[] }> {
  async init(args: Readonly<Record<string, unknown>>) { return { timer: undefined, seen: Object.keys(args) }; }
  async ask(): Promise<number> {
    const counter = await this.lookup<Counter>("counter");
    counter.cast.add(1);
    counter.send({ any: "thing" });
    const slow: Reference<Counter> = counter.with({ timeoutMs: 10_000 });
    const sum: number = await slow.call.add();
    const untyped = await this.lookup("other");
    const anything: string = await untyped.call.whatever(1, "a");
    this.log.info("sum", sum, anything, this.env["KEY"] ?? "none", this.self.name, this.pid);
    this.state.timer = this.after(10, "tick");
    this.cancel(this.every(10, { n: 1 }));
    this.send(this.self, "hello");
    try { return await slow.call.add(2); } catch (error) {
      if (error instanceof CallError && error.executed === "not_executed") throw new Refusal(error.code);
      throw error;
    }
  }
  onMessage(message: unknown, from: Sender) {
    if (from.send === undefined) this.log.debug("a client:", from.name, message);
    else this.send(from, message);
  }
  async terminate(reason: string) { console.log(reason); clearTimeout(setTimeout(() => {}, 1)); }
}`;
  assert.equal(compile(t, source), "");
});

for (const [what, line] of [
  ["a method that the service does not have", "await counter.call.subtract(1);"],
  ["an argument of the wrong type", `await counter.call.add("one");`],
  ["a callback called as a method", "await counter.call.init();"],
  ["a state's migration", `await counter.call.codeChange("", {});`],
  ["a hidden method", "await counter.call._secret();"],
  ["a result taken for another type", "const text: string = await counter.call.add(1); text;"],
  ["the result of a cast", "const sum: number = counter.cast.add(1); sum;"],
] as const) {
  test(`a typed reference refuses ${what}`, (t) => {
    const source = `${counter.replace("init()", "_secret() {} codeChange() { return this.state; } init()")}
export class Asker extends Service {
  async ask() { const counter = await this.lookup<Counter>("counter"); ${line} }
}`;
    assert.match(compile(t, source), /service\.ts\(\d+,\d+\): error TS/);
  });
}

test("a new release's codeChange is typed: it makes the state of what the old release left, at once or later", (t) => {
  const source = `
import { Service } from "solo:service";
interface Old { readonly count: number }
export class Now extends Service<{ total: number; from: string }> {
  init() { return { total: 0, from: "" }; }
  codeChange(fromRelease: string, oldState: unknown) {
    const { count } = oldState as Old;
    return { total: count, from: fromRelease.slice(0, 8) };
  }
}
export default class Later extends Service<{ total: number }> {
  override async codeChange(fromRelease: string, oldState: Old) {
    await new Promise((done) => setTimeout(done, 1));
    if (fromRelease === "") throw new TypeError("it had no release");
    return { total: oldState.count };
  }
}`;
  assert.equal(compile(t, source), "");
});

for (const [what, line] of [
  [
    "that makes another state",
    "codeChange(fromRelease: string, oldState: unknown) { return { wrong: 1, fromRelease, oldState }; }",
  ],
  [
    "that makes no state",
    "codeChange(fromRelease: string, oldState: unknown) { this.log.info(fromRelease, oldState); }",
  ],
  ["that takes releases for numbers", "codeChange(fromRelease: number) { return { total: fromRelease }; }"],
  ["that is no method", "codeChange = 5;"],
] as const) {
  test(`a codeChange is refused ${what}`, (t) => {
    const source = `
import { Service } from "solo:service";
export default class Wrong extends Service<{ total: number }> {
  ${line}
}`;
    assert.match(compile(t, source), /service\.ts\(4,\d+\): error TS/);
  });
}

test("a service in hono compiles by hono's own types, of which none is missing here", (t) => {
  const source = `
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";

const app = new Hono<{ Bindings: { NAME: string }; Variables: { asked: number } }>();
app.use(async (c, next) => {
  c.set("asked", Date.now());
  await next();
  c.res.headers.set("x-ms", String(Date.now() - c.get("asked")));
});
app.get("/hello/:who", (c) => c.json({ hello: c.req.param("who"), env: c.env.NAME }));
app.post("/echo", async (c) => c.body(await c.req.arrayBuffer(), 201, { "x-size": "1" }));
app.post("/form", async (c) => {
  const form = await c.req.formData();
  const file = form.get("file");
  if (!(file instanceof File)) throw new HTTPException(400, { message: "no file" });
  return c.text(await file.text());
});
app.get("/raw", (c) => new Response(c.req.raw.body, { status: 200, headers: new Headers({ "x-url": c.req.url }) }));
app.onError((error, c) => (error instanceof HTTPException ? error.getResponse() : c.text(error.message, 500)));

export default app;
export const answered: Response | Promise<Response> = app.fetch(new Request("http://x/hello/Ada"), { NAME: "env" });
`;
  assert.equal(compile(t, source), "");
});

test("there is nothing of Node or a browser that is not there at run time either", (t) => {
  for (const name of ["process", "Buffer", "require", "document", "window"]) {
    assert.match(compile(t, `export const x = ${name};`), /Cannot find name/, name);
  }
});
