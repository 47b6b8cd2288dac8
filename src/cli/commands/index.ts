/**
 * The verbs, grouped as `solo --help` lists them. Only the file of the verb that is run is loaded: most of them bring the
 * contract with them, which takes longer to load than the rest of the command together.
 */
import type { Command } from "commander";
import type { Runner, Verb } from "../command.ts";

interface Entry {
  readonly name: string;
  readonly alias?: string;
  readonly summary: string;
  readonly load: () => Promise<Verb>;
}

const groups: readonly (readonly [heading: string, entries: readonly Entry[]])[] = [
  [
    "Services:",
    [
      {
        name: "deploy",
        summary: "deploy a service from a file",
        load: async () => (await import("./deploy.ts")).deploy,
      },
      {
        name: "validate",
        summary: "check a source without deploying it",
        load: async () => (await import("./validate.ts")).validate,
      },
      {
        name: "call",
        summary: "call a method of a service and print its result",
        load: async () => (await import("./call.ts")).call,
      },
      {
        name: "cast",
        summary: "call a method without waiting for it",
        load: async () => (await import("./cast.ts")).cast,
      },
      { name: "list", alias: "ls", summary: "list services", load: async () => (await import("./list.ts")).list },
      {
        name: "status",
        summary: "tell how a service, or the node, is doing",
        load: async () => (await import("./status.ts")).status,
      },
      {
        name: "why",
        summary: "tell why a service is as it is, and what to do",
        load: async () => (await import("./why.ts")).why,
      },
      {
        name: "watch",
        summary: "follow a service: status, logs and metrics",
        load: async () => (await import("./watch.ts")).watch,
      },
      { name: "logs", summary: "print what a service logged", load: async () => (await import("./logs.ts")).logs },
      { name: "kill", summary: "end a service", load: async () => (await import("./kill.ts")).kill },
    ],
  ],
  [
    "Writing services:",
    [
      {
        name: "guide",
        summary: "print the page that teaches how to write a service",
        load: async () => (await import("./guide.ts")).guide,
      },
      {
        name: "types",
        summary: "print or write the type definitions for services",
        load: async () => (await import("./types.ts")).types,
      },
    ],
  ],
  [
    "What happened:",
    [
      {
        name: "events",
        summary: "read the event log: what happened, why, by whom",
        load: async () => (await import("./events.ts")).events,
      },
      {
        name: "replay",
        summary: "show the state as it was after an event",
        load: async () => (await import("./replay.ts")).replay,
      },
      {
        name: "verify",
        summary: "verify that nobody altered the event log",
        load: async () => (await import("./verify.ts")).verify,
      },
    ],
  ],
  [
    "The node:",
    [
      { name: "start", summary: "start Solo", load: async () => (await import("./start.ts")).start },
      { name: "stop", summary: "shut Solo down in order", load: async () => (await import("./stop.ts")).stop },
      { name: "tree", summary: "draw the live supervision tree", load: async () => (await import("./tree.ts")).tree },
      {
        name: "audit",
        summary: "what the running Solo holds to be in force, and what is missing",
        load: async () => (await import("./audit.ts")).audit,
      },
      {
        name: "doctor",
        summary: "examine this machine, the data directory and the running Solo",
        load: async () => (await import("./doctor.ts")).doctor,
      },
      {
        name: "tenant",
        summary: "create, list and delete tenants",
        load: async () => (await import("./tenant.ts")).tenant,
      },
      { name: "cert", summary: "issue client certificates", load: async () => (await import("./cert.ts")).cert },
      {
        name: "version",
        summary: "print the versions of solo and of what it runs on",
        load: async () => (await import("./version.ts")).version,
      },
    ],
  ],
];

/** Adds every verb by name and summary, and loads those that are wanted. */
export async function addVerbs(
  program: Command,
  run: Runner,
  wanted: (names: readonly string[]) => boolean,
): Promise<void> {
  for (const [heading, entries] of groups) {
    program.commandsGroup(heading);
    for (const { name, alias, summary, load } of entries) {
      const command = program.command(name).summary(summary);
      if (alias !== undefined) command.alias(alias);
      if (wanted(alias === undefined ? [name] : [name, alias])) (await load())(command, run);
    }
  }
}
