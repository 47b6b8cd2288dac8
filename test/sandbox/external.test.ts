/**
 * A program that is not ours, in a jail of each tier: a shell of this machine. It runs, starts programs and waits for them; it
 * finds no file of the machine, no network and nobody but itself.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import type net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { groundIn } from "../../src/init/habitats.ts";
import { type Inhabitant, openSandbox } from "../../src/sandbox/index.ts";
import { testedTiers } from "./tiers.ts";

const place = mkdtempSync(join(tmpdir(), "solo-external-"));
chmodSync(place, 0o755);
after(() => rmSync(place, { recursive: true, force: true }));
const known = join(place, "known");
writeFileSync(known, "what it was given\n");

/** They need the C library alone, which is in every room. */
const [shell, cat] = ["/bin/dash", "/bin/cat"] as const;
const missing = [shell, cat].some((file) => !existsSync(file)) && `there is no ${shell} here`;
/** A file that nobody may execute where it comes from, as what was unpacked or written often is. */
const plainCat = join(place, "cat");
if (!missing) writeFileSync(plainCat, readFileSync(cat), { mode: 0o644 });

const inhabitant: Inhabitant = {
  folder: "app",
  sources: missing
    ? []
    : [
        { from: realpathSync(shell), to: "app/dash", as: "programs" },
        { from: plainCat, to: "app/cat", as: "programs" },
        { from: known, to: "app/known", as: "files" },
      ],
  locks: false,
  program: { kind: "external", path: "app/dash" },
};

/** Says a word for each thing that it could do. `$1`: a process of another, here and outside. */
const script = `
echo begun
(echo child)
echo piped | ./cat
./cat ./known && echo "read its own"
(read -r line < /etc/passwd) && echo "read a file"
(read -r line < /proc/$1/environ) && echo "looked at another"
(echo x > ./made) && echo "wrote beside itself"
kill -0 $1 && echo "reached another"
(read -r line < /proc/self/stat) && echo "has a /proc"
(echo x > /tmp/made) && echo "has a /tmp"
(echo x > /dev/null) && echo "has a /dev"
echo "environment: $(./cat /proc/self/environ | ./cat -v)"
exit 7
`;

for (const { tier, skip } of testedTiers) {
  test(
    `${tier}: a program of this machine's runs in its jail, and reaches nothing beyond`,
    { skip: skip || missing },
    async () => {
      const sandbox = await openSandbox({ tier, required: [], noneAllowed: false }, groundIn(join(place, tier)), []);
      assert.ok(typeof sandbox !== "string", JSON.stringify(sandbox));
      const jail = sandbox.jailFor(inhabitant);
      assert.ok(jail !== undefined);
      using prepared = jail.prepare(() => ["-c", script, "dash", String(process.pid)], { number: 7, cgroups: [] });
      const { file, args, env, user, gated, descriptors } = prepared;
      const child = spawn(file, args, {
        env,
        ...(user === undefined ? {} : { uid: user, gid: user }),
        stdio: ["ignore", "pipe", "pipe", "ignore", "pipe", "ignore", ...descriptors],
        detached: true,
        timeout: 60_000,
      });
      const gate = child.stdio[4] as net.Socket;
      gate.on("error", () => undefined).resume();
      if (gated) gate.write("\n");
      const said = { stdout: "", stderr: "" };
      for (const name of ["stdout", "stderr"] as const) {
        child[name]?.setEncoding("utf8").on("data", (text: string) => (said[name] += text));
      }
      const code = await new Promise<number | null>((resolve) => void child.once("close", resolve));
      gate.destroy();
      const has = tier === "bubblewrap" ? ["has a /proc", "has a /tmp", "has a /dev"] : [];
      assert.deepEqual(
        {
          code,
          lines: said.stdout
            .trim()
            .split("\n")
            .filter((line) => !line.startsWith("environment:")),
        },
        { code: 7, lines: ["begun", "child", "piped", "what it was given", "read its own", ...has] },
        said.stderr,
      );
      assert.doesNotMatch(said.stdout, /HOME|PATH=|USER/, "nothing of our environment");
    },
  );
}
