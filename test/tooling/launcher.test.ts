// `solo` and bin/node26 on machines that are not set up: one line that says what to do, and no loader's or older
// Node's complaint. The scripts are the repository's own; only what surrounds them is made here.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { root } from "../../tools/check/run.ts";

type Machine = Disposable & { readonly root: string; readonly elsewhere: string };

/** A checkout with the launchers and an entry point that prints how it was started; npm has not run in it. */
function machine(): Machine {
  const home = mkdtempSync(join(tmpdir(), "solo-launcher-"));
  const checkout = join(home, "a checkout");
  mkdirSync(join(checkout, "bin"), { recursive: true });
  mkdirSync(join(checkout, "src", "cli"), { recursive: true });
  copyFileSync(join(root, "solo"), join(checkout, "solo"));
  copyFileSync(join(root, "bin", "node26"), join(checkout, "bin", "node26"));
  writeFileSync(
    join(checkout, "src", "cli", "main.ts"),
    "const said: string[] = process.argv.slice(2);\nconsole.log(JSON.stringify({ said, node: process.version }));\n",
  );
  return { root: checkout, elsewhere: home, [Symbol.dispose]: () => rmSync(home, { recursive: true }) };
}

/** Stands for npm: puts `node` where npm links it. */
function install(at: Machine, node: { readonly script: string } | { readonly link: string }): void {
  const bin = join(at.root, "node_modules", ".bin");
  mkdirSync(bin, { recursive: true });
  if ("link" in node) {
    symlinkSync(node.link, join(bin, "node"));
  } else {
    writeFileSync(join(bin, "node"), `#!/bin/sh\n${node.script}\n`);
    chmodSync(join(bin, "node"), 0o755);
  }
}

type Run = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

function run(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Run {
  const { status, stdout, stderr } = spawnSync(program, args, {
    encoding: "utf8",
    env: { PATH: "/usr/bin:/bin", ...env },
  });
  return { code: status, stdout, stderr };
}

const loaderError =
  "echo 'node: error while loading shared libraries: libatomic.so.1: cannot open shared object file' >&2; exit 127";

test("solo runs its entry point on the Node of node_modules, with the arguments as they were given", () => {
  using at = machine();
  install(at, { link: process.execPath });
  const { code, stdout, stderr } = run(join(at.root, "solo"), ["call", "a b", "*", ""]);
  assert.deepEqual(
    { code, out: JSON.parse(stdout), stderr },
    { code: 0, out: { said: ["call", "a b", "*", ""], node: process.version }, stderr: "" },
  );
});

test("solo finds its checkout through symbolic links and from any directory", () => {
  using at = machine();
  install(at, { link: process.execPath });
  symlinkSync(join(at.root, "solo"), join(at.elsewhere, "first"));
  symlinkSync("first", join(at.elsewhere, "second"));
  assert.equal(run(join(at.elsewhere, "second"), []).code, 0);
});

test("without node_modules, solo says to run npm ci", () => {
  using at = machine();
  const { code, stdout, stderr } = run(join(at.root, "solo"), ["start"]);
  assert.deepEqual(
    { code, stdout, stderr },
    { code: 69, stdout: "", stderr: `solo: node_modules is missing: run 'npm ci' in ${at.root}\n` },
  );
});

test("without Node 26 in node_modules, an older Node of the machine is not used, and solo says what to install", () => {
  using at = machine();
  mkdirSync(join(at.root, "node_modules"));
  const old = join(at.elsewhere, "old");
  mkdirSync(old);
  writeFileSync(join(old, "node"), "#!/bin/sh\necho v20.20.2\n");
  chmodSync(join(old, "node"), 0o755);
  const { code, stderr } = run(join(at.root, "solo"), [], { PATH: `${old}:/usr/bin:/bin` });
  assert.equal(code, 69);
  assert.match(stderr, /^solo: Node 26 is not in node_modules: run 'npm ci' in .* without --omit=optional.*\n$/);
});

test("without Node 26 in node_modules, a Node 26 of the machine is used", () => {
  using at = machine();
  mkdirSync(join(at.root, "node_modules"));
  const own = join(at.elsewhere, "own");
  mkdirSync(own);
  symlinkSync(process.execPath, join(own, "node"));
  assert.equal(run(join(at.root, "solo"), [], { PATH: `${own}:/usr/bin:/bin` }).code, 0);
});

test("without libatomic.so.1, solo and the npm scripts name the package to install", () => {
  using at = machine();
  install(at, { script: loaderError });
  for (const program of ["solo", "bin/node26"]) {
    const { code, stderr } = run(join(at.root, program), [], { SOLO_LIBRARY_ROOT: at.elsewhere });
    assert.deepEqual(
      { code, stderr },
      { code: 69, stderr: "solo: libatomic.so.1 is missing, which Node 26 needs: apt-get install -y libatomic1\n" },
    );
  }
});

test("libatomic.so.1 in an unusual place does not keep solo from starting", () => {
  using at = machine();
  install(at, { link: process.execPath });
  assert.equal(run(join(at.root, "solo"), [], { SOLO_LIBRARY_ROOT: at.elsewhere }).code, 0);
});

test("a Node that does not run here is reported in one line", () => {
  using at = machine();
  install(at, { script: "echo 'Exec format error' >&2; echo more >&2; exit 126" });
  const { code, stderr } = run(join(at.root, "solo"), [], { SOLO_LIBRARY_ROOT: at.elsewhere });
  assert.deepEqual(
    { code, stderr },
    { code: 69, stderr: "solo: the Node in node_modules does not run here: Exec format error\n" },
  );
});

test("the exit status of what solo runs is solo's own", () => {
  using at = machine();
  install(at, { link: process.execPath });
  writeFileSync(join(at.root, "src", "cli", "main.ts"), "process.exitCode = 42;\n");
  assert.equal(run(join(at.root, "solo"), []).code, 42);
});
