/** Elixir as a peer, where it is installed: scripts of bench/peers that measure by their own clock, in a virtual machine of their own. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Row } from "./report.ts";

/** What the script printed; undefined where there is no Elixir. */
export function elixir(script: `${string}.exs`): string | undefined {
  try {
    return execFileSync("elixir", [fileURLToPath(new URL(`../peers/${script}`, import.meta.url))], {
      encoding: "utf8",
      timeout: 120_000,
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch {
    return undefined;
  }
}

/** As genserver.exs names them. */
export type GenServerFigure = "call" | "calls_at_once" | "cast" | "cast_handled" | "spawn" | "start";

/** Microseconds, by what was measured. */
export type GenServerFigures = ReadonlyMap<string, number>;

/** None where there is no Elixir. */
export function genServer(): GenServerFigures {
  const lines = (elixir("genserver.exs") ?? "").split("\n");
  return new Map(lines.map((line) => line.split(" ")).map(([name = "", value]) => [name, Number(value)]));
}

/** A row's peer, if Elixir could be asked. */
export function besideElixir(found: GenServerFigures, figure: GenServerFigure, what: string): Pick<Row, "peer"> {
  const value = found.get(figure);
  return value === undefined ? {} : { peer: { what, value } };
}
