/** The layers of a sandbox: their names, as configuration and reports know them, and what it means to lack one. */

/** Found by a canary's attempts. */
export const jailLayers = ["files", "network", "processes", "system-calls", "lock", "privileges", "user"] as const;
/** Found by making groups of processes. */
export const resourceLayers = ["memory", "pids", "cpu"] as const;

export const layerNames = [...jailLayers, ...resourceLayers] as const;
export type JailLayer = (typeof jailLayers)[number];
export type ResourceLayer = (typeof resourceLayers)[number];
export type LayerName = (typeof layerNames)[number];

/** Layers without which a jail is none. */
export const coreLayers: readonly LayerName[] = ["files", "network", "processes", "system-calls", "lock", "privileges"];

/** What is lost where a layer is missing. */
export const layerMeanings: Readonly<Record<LayerName, string>> = {
  files: "a cell that breaks out of V8 reads files of this machine",
  network: "a cell that breaks out of V8 talks to the network",
  processes: "a cell that breaks out of V8 starts programs or signals others",
  "system-calls": "a cell that breaks out of V8 reaches parts of the kernel that have had holes",
  lock: "a cell goes on with what only its start needed",
  privileges: "a cell that breaks out of V8 may gain or use privileges",
  user: "cells share a user, and only the other layers keep them apart",
  memory: "a cell over its memory is found by looking ten times a second, not by the kernel at once",
  pids: "the number of a cell's threads is bounded by the user's limit only",
  cpu: "cells share the processor by niceness, not by weight",
};

export interface Layer {
  readonly layer: LayerName;
  readonly active: boolean;
  /** What was seen, if it is missing. */
  readonly why?: string;
}
