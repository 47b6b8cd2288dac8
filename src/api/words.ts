/** The contract's enums, to and from the kernel's words. Unknown numbers become undefined, never a default. */
import type { RestartType as Restart, Strategy as SupervisionStrategy } from "../base/index.ts";
import { CodeFormat, LogLevel_Value, RestartType, ServiceTier, Status_Value, Strategy } from "./gen/solo/v1/solo_pb.ts";

const restarts: Readonly<Record<number, Restart>> = {
  [RestartType.PERMANENT]: "permanent",
  [RestartType.TRANSIENT]: "transient",
  [RestartType.TEMPORARY]: "temporary",
};
export const parseRestart = (value: number): Restart | undefined => restarts[value];
export const restartOf = (restart: Restart): RestartType => RestartType[restart.toUpperCase() as Uppercase<Restart>];

const strategies: Readonly<Record<number, SupervisionStrategy>> = {
  [Strategy.ONE_FOR_ONE]: "one_for_one",
  [Strategy.ONE_FOR_ALL]: "one_for_all",
  [Strategy.REST_FOR_ONE]: "rest_for_one",
};
export const parseStrategy = (value: number): SupervisionStrategy | undefined => strategies[value];
export const strategyOf = (strategy: SupervisionStrategy): Strategy =>
  Strategy[strategy.toUpperCase() as Uppercase<SupervisionStrategy>];

export type Tier = "user" | "system";
const tiers: Readonly<Record<number, Tier>> = { [ServiceTier.USER]: "user", [ServiceTier.SYSTEM]: "system" };
export const parseTier = (value: number): Tier | undefined => tiers[value];
export const tierOf = (tier: Tier): ServiceTier => ServiceTier[tier.toUpperCase() as Uppercase<Tier>];

/** Most severe first: a level lets itself and all before it through. */
export const logLevels = ["ERROR", "WARN", "INFO", "DEBUG"] as const;
export type Level = (typeof logLevels)[number];
const levels: Readonly<Record<number, Level>> = {
  [LogLevel_Value.ERROR]: "ERROR",
  [LogLevel_Value.WARN]: "WARN",
  [LogLevel_Value.INFO]: "INFO",
  [LogLevel_Value.DEBUG]: "DEBUG",
};
export const parseLevel = (value: number): Level | undefined => levels[value];
export const isAsSevere = (level: Level, least: Level): boolean => logLevels.indexOf(level) <= logLevels.indexOf(least);

export type Format = "TYPESCRIPT_SOURCE" | "WASM_MODULE" | "EXTERNAL_BINARY" | "JAVASCRIPT_BUNDLE";
const formats: Readonly<Record<number, Format>> = {
  [CodeFormat.TYPESCRIPT_SOURCE]: "TYPESCRIPT_SOURCE",
  [CodeFormat.WASM_MODULE]: "WASM_MODULE",
  [CodeFormat.EXTERNAL_BINARY]: "EXTERNAL_BINARY",
  [CodeFormat.JAVASCRIPT_BUNDLE]: "JAVASCRIPT_BUNDLE",
};
export const parseFormat = (value: number): Format | undefined => formats[value];

export type StatusWord = "DEPLOYING" | "RUNNING" | "STOPPING" | "STOPPED" | "ERROR";
export const statusValue = (word: StatusWord): Status_Value => Status_Value[word];
/** The contract's word for a status number, for people. */
export const statusWord = (value: number): StatusWord | "UNKNOWN" =>
  (Object.entries(Status_Value).find(([, number]) => number === value)?.[0] as StatusWord | undefined) ?? "UNKNOWN";
