/**
 * A cell whose process is hostile: it speaks the wire wrongly, floods, lies, never reads. The kernel and the other tenants go
 * on, and the loss of the cell is told as what it was. One file each in cells/; what the cell does is in fixtures/deeds.ts.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { provideImage } from "../../src/builder/image.ts";
import { deeds } from "./fixtures/deeds.ts";
import { Arena, attacksIn } from "./harness.ts";

const every = await attacksIn("cells");
const picked = process.env["ATTACK"]?.split(",");
const place = mkdtempSync(join(tmpdir(), "solo-hostile-"));
const root = join(import.meta.dirname, "..", "..");
const attackMsMax = 60_000;

let arena: Arena;

before(async () => {
  const { path } = await provideImage({
    into: place,
    sources: {
      cell: join(import.meta.dirname, "fixtures", "hostile-main.ts"),
      prelude: join(root, "src", "guest", "prelude.ts"),
      folders: [
        join(import.meta.dirname, "fixtures"),
        ...["base", "cell", "guest", "wire"].map((room) => join(root, "src", room)),
      ],
    },
  });
  arena = await Arena.open(["--image", path]);
});
after(async () => {
  try {
    await arena.insistPeace();
  } finally {
    await arena[Symbol.asyncDispose]();
    rmSync(place, { recursive: true, force: true });
  }
});

test("every deed of a hostile cell is tried", () => {
  assert.deepEqual(
    every.map(({ name }) => name),
    Object.keys(deeds).toSorted(),
  );
});

describe("a hostile cell harms nobody but its tenant, and its end is told truly:", { concurrency: 3 }, () => {
  for (const attack of every) {
    const { name, what, todo } = attack;
    const skip = picked !== undefined && !picked.includes(name);
    test(`${name}: ${what}`, { skip, timeout: attackMsMax, ...(todo === undefined ? {} : { todo }) }, async (t) => {
      t.diagnostic(await arena.withstand(attack));
    });
  }
});

test("after all of them the log verifies, and tells of no cell that was lost but those of the hostile", async (t) => {
  t.diagnostic(await arena.close());
});
