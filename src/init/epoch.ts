/** Kernel epochs: they increase for ever within a data directory, and one is durable before the kernel that gets it starts. */
import { existsSync, readFileSync } from "node:fs";
import { type KernelEpoch, kernelEpoch } from "../base/index.ts";
import { writeDurably } from "./durable-file.ts";

/** Undefined: the file is damaged. Going on from a guess could let an older kernel pass for a newer one. */
export function readLastEpoch(file: string): KernelEpoch | undefined {
  if (!existsSync(file)) return kernelEpoch(0);
  const text = readFileSync(file, "utf8");
  return /^[0-9]{1,15}\n$/.test(text) ? kernelEpoch(Number(text)) : undefined;
}

export function issueEpoch(file: string, last: KernelEpoch): KernelEpoch {
  const next = kernelEpoch(last + 1);
  writeDurably(file, `${next}\n`);
  return next;
}
