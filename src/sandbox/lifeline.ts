import { fileURLToPath } from "node:url";

/** Module to preload (`--import`) into a child that must not outlive its parent. */
export const dieWithParentModule: string = fileURLToPath(
  new URL(`./die-with-parent${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url),
);
