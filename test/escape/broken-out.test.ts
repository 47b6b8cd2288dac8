/**
 * Somebody has broken out of V8, in the cell of a whole Solo, in each tier: nothing that he tries in its main context is let
 * through, nobody else comes to harm, and what is said of his cell's end is true. One file each in broken/. Last the
 * control: without a jail the same is let through, all of it.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { provideImage } from "../../src/builder/image.ts";
import { onlyLinux, testedTiers } from "../sandbox/tiers.ts";
import { provoke } from "./broken-out.ts";
import { Arena, attacksIn } from "./harness.ts";

const every = await attacksIn("broken");
const picked = process.env["ATTACK"]?.split(",");
const isPicked = (name: string): boolean => picked === undefined || picked.includes(name);
const place = mkdtempSync(join(tmpdir(), "solo-broken-out-"));
const root = join(import.meta.dirname, "..", "..");
const attackMsMax = 60_000;
/** In the environment of whoever starts Solo, and nowhere else. */
const secret = "SOLO_TEST_SECRET";

let image = "";

before(async () => {
  if (onlyLinux !== false) return;
  process.env[secret] = "shown to nobody";
  const made = await provideImage({
    into: place,
    sources: {
      cell: join(import.meta.dirname, "fixtures", "broken-out-main.ts"),
      prelude: join(root, "src", "guest", "prelude.ts"),
      folders: [
        ...["fixtures", "broken"].map((folder) => join(import.meta.dirname, folder)),
        ...["base", "cell", "guest", "wire"].map((room) => join(root, "src", room)),
      ],
    },
  });
  image = made.path;
});
after(() => rmSync(place, { recursive: true, force: true }));

for (const { tier, skip } of testedTiers) {
  describe(`${tier}: whoever breaks out of V8 finds himself in a jail:`, { skip, concurrency: 3 }, () => {
    let arena: Arena;
    before(async () => {
      arena = await Arena.open(["--image", image, "--sandbox", tier]);
      const ours = readFileSync(`/proc/${arena.solo.initPid}/environ`, "utf8");
      assert.ok(ours.includes(secret), "there is something to be found in the environment");
    });
    after(async () => {
      try {
        await arena.insistPeace();
        await arena.close();
      } finally {
        await arena[Symbol.asyncDispose]();
      }
    });
    for (const attack of every) {
      const { name, what } = attack;
      test(`${name}: ${what}`, { skip: !isPicked(name), timeout: attackMsMax }, async (t) => {
        t.diagnostic(await arena.withstand(attack));
      });
    }
  });
}

/** What ends its cell in a jail is not done without one; what only looks around does so in either. */
const looking = new Set(["break-descriptors", "break-environment", "break-prototypes"]);
const refused = every.filter(({ name, expects }) => expects.type === "answers" && !looking.has(name));
const onlyRoot = process.getuid?.() === 0 ? false : "an ordinary user is refused some of it anyway";

describe(
  "the control: without a jail all of it is let through:",
  { skip: onlyLinux || onlyRoot, concurrency: 3 },
  () => {
    let arena: Arena;
    before(async () => {
      arena = await Arena.open(["--image", image, "--sandbox", "none"]);
    });
    after(async () => {
      await arena[Symbol.asyncDispose]();
    });
    for (const { name, source } of refused) {
      test(name, { skip: !isPicked(name), timeout: attackMsMax }, async () => {
        const { tried, reached } = await arena.unopposed({ name, source }, (stage) => provoke(stage, true));
        assert.ok(tried.length > 0);
        assert.deepEqual(reached, tried);
      });
    }
  },
);
