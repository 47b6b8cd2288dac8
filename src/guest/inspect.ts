/** Values as log text: bounded in depth, breadth and length, whatever the value is. */
import { boundedText, describeError } from "./errors.ts";
import { isArray, keys, tagOf, writeJson } from "./primordials.ts";

const depthMax = 4;
const itemsMax = 100;

/** What `console.log` prints for its arguments. */
export function formatLine(args: readonly unknown[], lengthMax: number): string {
  let line = "";
  for (let i = 0; i < args.length && line.length < lengthMax; i++) {
    const arg = args[i];
    line += (i === 0 ? "" : " ") + (typeof arg === "string" ? arg : inspect(arg, lengthMax));
  }
  return boundedText(line, lengthMax, "");
}

function inspect(value: unknown, lengthMax: number): string {
  try {
    return show(value, 0, { left: lengthMax });
  } catch {
    return "[a value that cannot be shown]";
  }
}

interface Budget {
  left: number;
}

function show(value: unknown, depth: number, budget: Budget): string {
  const text = showWhole(value, depth, budget);
  budget.left -= text.length;
  return text;
}

function showWhole(value: unknown, depth: number, budget: Budget): string {
  if (budget.left <= 0) return "...";
  switch (typeof value) {
    case "string":
      return writeJson(boundedText(value, budget.left, "")) ?? "";
    case "bigint":
      return `${boundedText(value, budget.left, "")}n`;
    case "function":
      return `[function ${boundedText(value.name, 128, "")}]`;
    case "object":
      return value === null ? "null" : showObject(value, depth, budget);
    default:
      return boundedText(value, budget.left, "");
  }
}

function showObject(value: object, depth: number, budget: Budget): string {
  if (value instanceof Error) {
    const { name, message, stack } = describeError(value);
    return stack === "" ? `${name}: ${message}` : stack;
  }
  if (depth >= depthMax) return isArray(value) ? "[...]" : "{...}";
  let text = "";
  if (isArray(value)) {
    for (let i = 0; i < value.length && i < itemsMax && budget.left > 0; i++) {
      text += (i === 0 ? "" : ", ") + show(value[i], depth + 1, budget);
    }
    return `[${text}${value.length > itemsMax ? ", ..." : ""}]`;
  }
  const tag = tagOf(value);
  const names = keys(value);
  for (let i = 0; i < names.length && i < itemsMax && budget.left > 0; i++) {
    const name = names[i] ?? "";
    text += `${i === 0 ? "" : ", "}${name}: ${show((value as Record<string, unknown>)[name], depth + 1, budget)}`;
  }
  return `${tag === "[object Object]" ? "" : `${tag} `}{${text === "" ? "" : ` ${text} `}}`;
}
