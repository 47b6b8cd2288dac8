import assert from "node:assert/strict";
import { test } from "node:test";
import type { Layer } from "./layers.ts";
import { openSandbox, type SandboxWish } from "./sandbox.ts";

const ground = { rooms: "/nowhere", lockFile: "lock.bpf", pidPlaceholder: 1 };
const unlimited: Layer = {
  layer: "memory",
  active: false,
  why: "the group is managed by another (systemd: Delegate=yes)",
};

/** None of them tries a jail. */
const refused: readonly (SandboxWish & { readonly says: string })[] = [
  {
    tier: "auto",
    required: ["memory"],
    noneAllowed: true,
    says: "layer memory is missing: the group is managed by another (systemd: Delegate=yes).",
  },
  {
    tier: "none",
    required: [],
    noneAllowed: false,
    says: "--sandbox none was asked for without --unsafe-no-sandbox.",
  },
  {
    tier: "none",
    required: ["files"],
    noneAllowed: true,
    says: "layer files is required, and there is no sandbox.",
  },
];

test("why there is no sandbox is a sentence, which the remedy follows", async () => {
  for (const { says, ...wish } of refused) assert.equal(await openSandbox(wish, ground, [unlimited]), says);
});
