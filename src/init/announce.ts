/** What init says: lines for people on a terminal, or one line of JSON for a program. Trouble goes to stderr in both. */
import { join } from "node:path";
import { type Refusal, remedy, type SandboxFound, say } from "../base/index.ts";
import { layerMeanings, type SandboxReport } from "../sandbox/index.ts";

export interface Readiness {
  readonly grpc: string;
  readonly dataDir: string;
  readonly pid: number;
  readonly kernelEpoch: number;
  /** From the start of init to the first `ready` of a kernel. */
  readonly tookMs: number;
  readonly recoveredMs: number;
  readonly safeMode: string | undefined;
  /** Layers of the OS sandbox that cells run in. */
  readonly sandbox: readonly string[];
  /** Each layer, and what its lack means. */
  readonly sandboxFound: SandboxFound;
}

const noSandbox =
  "cells run WITHOUT an operating system sandbox. A service that breaks out of its V8 isolate can do what this user can.";

export function sayReady(readiness: Readiness, json: boolean): string {
  if (json) return `${JSON.stringify({ ready: true, ...readiness })}\n`;
  const lines = [
    `Solo is ready after ${readiness.tookMs} ms${readiness.safeMode === undefined ? "" : ", in READ-ONLY SAFE MODE"}`,
    `  gRPC       ${readiness.grpc} (mutual TLS)`,
    `  data       ${readiness.dataDir}`,
    `  profile    ${join(readiness.dataDir, "profile.json")} (what commands and clients connect with)`,
    `  process    ${readiness.pid} (SIGTERM shuts down gracefully)`,
  ];
  return `${lines.join("\n")}\n`;
}

/** Said on stderr at every start without a sandbox, whatever the format of the rest. */
export const saySandbox = (layers: readonly string[]): string =>
  layers.length === 0 ? `solo: WARNING: ${noSandbox}\n` : "";

/** For the log. */
export function saySandboxReport({ tier, layers, tookMs, passedOver }: SandboxReport): string {
  if (tier === "none") return `solo: WARNING: ${noSandbox}\n`;
  const lines = [
    `sandbox: ${tier} (probed in ${tookMs} ms)`,
    ...passedOver.map((tried) => `  passed over ${tried.tier}: ${tried.why}`),
    ...layers.map(({ layer, active, why }) =>
      active ? `  ${layer}: active` : `  ${layer}: MISSING (${why ?? ""}): ${layerMeanings[layer]}`,
    ),
  ];
  return lines.map((line) => `solo: ${line}\n`).join("");
}

export const sayRefusal = (refusal: Refusal): string => `solo: ${say(refusal)} ${remedy(refusal)}\n`;

export const sayTrouble = (text: string): string => `solo: ${text}\n`;
