/** What init is told on its command line, read and checked in one place. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { isRefusal, type Refusal, refuse } from "../base/index.ts";
import { type LayerName, layerNames, type SandboxWish, tiers } from "../sandbox/index.ts";

export interface ListenAddress {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

export interface Options {
  readonly dataDir: string;
  readonly grpc: ListenAddress;
  /** One line of JSON on stdout when ready, in place of lines for people. */
  readonly json: boolean;
  /** A shutdown that takes longer is cut off. */
  readonly shutdownMsMax: number;
  /** The builder's resident memory. */
  readonly builderRssBytesMax: number;
  /** A kernel whose event loop does not turn for so long is ended, and its heir takes over. */
  readonly kernelSilentMsMax: number;
  readonly sandbox: SandboxWish;
  /** Where jails keep what their programs see; undefined: where it belongs on this machine. */
  readonly rooms: string | undefined;
  /** Start nothing: say what sandbox cells would get. */
  readonly probeSandbox: boolean;
  /** The kernel's program; tests of init bring their own. */
  readonly kernelEntry: string | undefined;
  /** A ready-made guest image; tests of init bring their own. */
  readonly image: string | undefined;
}

export const usage = `usage: solo start [--data-dir DIR] [--grpc HOST:PORT] [--shutdown-ms MS] [--json]

  --data-dir DIR     where everything is kept (default: $SOLO_DATA_DIR, else ~/.solo)
  --grpc HOST:PORT   where gRPC listens; port 0 takes any free one (default: 127.0.0.1:50051)
  --shutdown-ms MS   longest graceful shutdown (default: 40000)
  --sandbox TIER     bubblewrap, launcher, none, or auto: the strongest that holds here (default: auto)
  --require-layers A,B
                     refuse to start unless these layers hold: ${layerNames.join(", ")}
  --unsafe-no-sandbox
                     run tenant code even if there is no sandbox
  --rooms DIR        where jails keep what their programs see; its parents must be open to all if Solo runs as root
                     (default: $SOLO_ROOMS_DIR, else cache/rooms in the data directory; as root /var/cache/solo/rooms)
  --probe-sandbox    say what sandbox there would be, as JSON, and start nothing
  --json             print one line of JSON when ready

For Solo's own tests: --kernel-entry FILE, --image DIR, --builder-rss-max BYTES, --kernel-silent-ms MS.
`;

type Environment = Readonly<Record<string, string | undefined>>;

export function parseOptions(args: readonly string[], environment: Environment): Options | Refusal {
  const given = parseFlags(args);
  if (typeof given === "string") return refuse("INVALID_ARGUMENT", { field: "arguments", problem: given });
  const grpc = parseAddress(given.grpc ?? "127.0.0.1:50051");
  if (grpc === undefined) {
    return refuse("INVALID_ARGUMENT", {
      field: "--grpc",
      problem: "must be HOST:PORT, HOST an IP address or localhost",
    });
  }
  const shutdownMsMax = parseWhole(given["shutdown-ms"] ?? "40000", 600_000);
  if (shutdownMsMax === undefined) {
    return refuse("INVALID_ARGUMENT", {
      field: "--shutdown-ms",
      problem: "must be a number of milliseconds up to 600000",
    });
  }
  const builderRssBytesMax = parseWhole(given["builder-rss-max"] ?? `${1024 ** 3}`, Number.MAX_SAFE_INTEGER);
  if (builderRssBytesMax === undefined) {
    return refuse("INVALID_ARGUMENT", { field: "--builder-rss-max", problem: "must be a number of bytes" });
  }
  const kernelSilentMsMax = parseWhole(given["kernel-silent-ms"] ?? "15000", 600_000);
  if (kernelSilentMsMax === undefined || kernelSilentMsMax < 100) {
    return refuse("INVALID_ARGUMENT", { field: "--kernel-silent-ms", problem: "must be milliseconds, 100 to 600000" });
  }
  const sandbox = parseSandbox(given);
  if (isRefusal(sandbox)) return sandbox;
  return {
    sandbox,
    rooms: roomsOf(given.rooms ?? environment["SOLO_ROOMS_DIR"]),
    probeSandbox: given["probe-sandbox"] ?? false,
    dataDir: resolve(given["data-dir"] ?? environment["SOLO_DATA_DIR"] ?? join(homedir(), ".solo")),
    grpc,
    json: given.json ?? false,
    shutdownMsMax,
    builderRssBytesMax,
    kernelSilentMsMax,
    kernelEntry: given["kernel-entry"],
    image: given.image,
  };
}

/** The flags as given, or what is wrong with them. */
function parseFlags(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        "data-dir": { type: "string" },
        grpc: { type: "string" },
        json: { type: "boolean" },
        "shutdown-ms": { type: "string" },
        "builder-rss-max": { type: "string" },
        "kernel-silent-ms": { type: "string" },
        sandbox: { type: "string" },
        "require-layers": { type: "string" },
        "unsafe-no-sandbox": { type: "boolean" },
        rooms: { type: "string" },
        "probe-sandbox": { type: "boolean" },
        "kernel-entry": { type: "string" },
        image: { type: "string" },
      },
    }).values;
  } catch (error) {
    return error instanceof Error ? error.message.replace(/\.$/, "") : String(error);
  }
}

interface SandboxFlags {
  readonly sandbox?: string | undefined;
  readonly "require-layers"?: string | undefined;
  readonly "unsafe-no-sandbox"?: boolean | undefined;
}

const shortNames: Readonly<Record<string, string>> = { bwrap: "bubblewrap" };

function parseSandbox(given: SandboxFlags): SandboxWish | Refusal {
  const named = given.sandbox ?? "auto";
  const tier = (["auto", ...tiers] as const).find((each) => each === (shortNames[named] ?? named));
  if (tier === undefined) {
    return refuse("INVALID_ARGUMENT", { field: "--sandbox", problem: `must be one of auto, ${tiers.join(", ")}` });
  }
  const required = (given["require-layers"] ?? "").split(",").filter(Boolean);
  const known = required.filter((name): name is LayerName => layerNames.some((layer) => layer === name));
  if (known.length < required.length) {
    return refuse("INVALID_ARGUMENT", {
      field: "--require-layers",
      problem: `must be some of ${layerNames.join(", ")}, with commas`,
    });
  }
  return { tier, required: known, noneAllowed: given["unsafe-no-sandbox"] ?? false };
}

const roomsOf = (given: string | undefined): string | undefined =>
  given === undefined || given === "" ? undefined : resolve(given);

const parseWhole = (text: string, max: number): number | undefined =>
  /^[0-9]{1,16}$/.test(text) && Number(text) <= max ? Number(text) : undefined;

/** `127.0.0.1:50051`, `[::1]:0`, `localhost:50051`. */
export function parseAddress(text: string): ListenAddress | undefined {
  const parts = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+|localhost)):([0-9]{1,5})$/.exec(text);
  const port = Number(parts?.[3]);
  const host = parts?.[1] ?? parts?.[2];
  if (host === undefined || port > 65_535) return undefined;
  return { host: host === "localhost" ? "127.0.0.1" : host, port };
}

export const sayAddress = ({ host, port }: ListenAddress): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
