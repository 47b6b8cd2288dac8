// The import law: which room of src/ may import which, and what surrounds it. The only place where this is said;
// `npm run law` enforces it, and ARCHITECTURE.md explains it.
//
// A room imports another only by its door, `../<room>/index.ts`. What is not listed is forbidden.

export type Ambient =
  /** The language alone: no module of Node, no timers, no console, nothing that a platform adds. */
  "es" | "node" | "dom";

export type RoomLaw = {
  readonly verb: string;
  readonly ambient: Ambient;
  /** Rooms whose values and types may be imported. */
  readonly imports: readonly string[];
  /** Rooms of which only types may be imported (`import type`): nothing of theirs is loaded. */
  readonly types?: readonly string[];
  /** Rooms that only the room's own tests may import, besides all of the above. */
  readonly tests?: readonly string[];
  /** Packages that an "es" room may import; elsewhere any dependency may be. */
  readonly npm?: readonly string[];
  /** Names of the platform that an "es" room may use all the same, since they only compute. */
  readonly platform?: readonly string[];
  /** True where the clock and randomness of the language may be read; in the other "es" rooms they are arguments. */
  readonly clock?: true;
};

export const law: Readonly<Record<string, RoomLaw>> = {
  base: { verb: "the words", ambient: "es", imports: [] },
  api: {
    verb: "the public contract",
    ambient: "es",
    imports: ["base"],
    npm: ["@bufbuild/protobuf"],
  },
  wire: { verb: "the pipe", ambient: "es", imports: ["base"], platform: ["TextEncoder", "TextDecoder"] },
  kernel: { verb: "DECIDES", ambient: "es", imports: ["base"] },
  guest: {
    verb: "IS HOSTED",
    ambient: "es",
    imports: ["base", "wire"],
    // In parts alone: what a service that uses none of the web platform never evaluates.
    npm: ["@exodus/bytes", "web-streams-polyfill", "whatwg-url"],
    clock: true,
  },

  store: { verb: "REMEMBERS", ambient: "node", imports: ["base"], types: ["kernel"] },
  host: { verb: "ACTS", ambient: "node", imports: ["base", "wire"], types: ["kernel"] },
  drivers: { verb: "SERVES", ambient: "node", imports: ["base"], types: ["kernel"] },
  observe: { verb: "TELLS", ambient: "node", imports: ["base"], types: ["kernel"] },

  sandbox: { verb: "JAILS", ambient: "node", imports: ["base"] },
  builder: { verb: "COMPILES", ambient: "node", imports: ["base", "wire"] },
  cell: { verb: "HOSTS isolates", ambient: "node", imports: ["base", "wire"], tests: ["builder"] },
  init: { verb: "PARENTS", ambient: "node", imports: ["base", "wire", "sandbox"] },

  gateways: { verb: "LISTENS", ambient: "node", imports: ["base", "api", "kernel"] },
  daemon: {
    verb: "WIRES",
    ambient: "node",
    imports: ["base", "api", "wire", "kernel", "store", "host", "drivers", "gateways", "observe"],
  },

  client: { verb: "ASKS", ambient: "node", imports: ["base", "api"] },
  cli: { verb: "ASKS and SHOWS", ambient: "node", imports: ["base", "api", "client", "init"] },
  dashboard: { verb: "SHOWS", ambient: "dom", imports: ["base", "api", "client"] },

  sim: { verb: "DOUBTS", ambient: "node", imports: ["base", "wire", "kernel", "store", "host", "gateways"] },
};

/** Packages that the tests of any room may import, even where the room itself sees no package. */
export const testPackages: readonly string[] = ["fast-check"];

/** Past this many lines a file holds two ideas: reported, not refused. */
export const fileLinesMax = 400;

/** Written by a generator: exempt from the length, not from the law. */
export const generated: readonly string[] = ["src/api/gen/"];

/** What platforms add to the language: not there in an "es" room, whatever the engine that runs it offers. */
export const platformGlobals: readonly string[] = `
  process Buffer global require module exports __dirname __filename
  setTimeout setInterval setImmediate clearTimeout clearInterval clearImmediate queueMicrotask
  console fetch crypto performance navigator structuredClone atob btoa URL URLSearchParams TextEncoder TextDecoder
  Blob File FormData Headers Request Response AbortController AbortSignal Event EventTarget
  WebSocket EventSource XMLHttpRequest Worker MessageChannel BroadcastChannel
  ReadableStream WritableStream TransformStream window document localStorage sessionStorage
`
  .trim()
  .split(/\s+/);
