/** The contract's enums as options: written in lower case, absent meaning the contract's default. */
import { CodeFormat, LogLevel_Value, RestartType, Strategy } from "../api/index.ts";
import { usageHalt } from "./halt.ts";

type Values = Readonly<Record<string, number>>;

function parse<V extends Values>(values: V, option: string, text: string): V[keyof V] {
  const name = Object.keys(values).find((each) => each.toLowerCase() === text.toLowerCase().replaceAll("-", "_"));
  const value = name === undefined ? undefined : values[name];
  if (value === undefined) {
    throw usageHalt(`${option} cannot be ${text}.`, `It is one of ${Object.keys(values).join(", ").toLowerCase()}.`);
  }
  return value as V[keyof V];
}

const formats = {
  typescript: CodeFormat.TYPESCRIPT_SOURCE,
  javascript: CodeFormat.JAVASCRIPT_BUNDLE,
  wasm: CodeFormat.WASM_MODULE,
  binary: CodeFormat.EXTERNAL_BINARY,
} as const;
export const formatNames = Object.keys(formats);

export const parseFormatOption = (text: string): CodeFormat => parse(formats, "--format", text);

export const parseRestartOption = (text = "permanent"): RestartType => parse(RestartType, "--restart", text);

export const parseStrategyOption = (text = "one_for_one"): Strategy => parse(Strategy, "--strategy", text);

export const parseLevelOption = (text = "debug"): LogLevel_Value => parse(LogLevel_Value, "--log-level", text);
