/** Fields that many requests share, parsed. A field that does not fit is refused by its name in the contract. */
import { isUtf8 } from "node:buffer";
import {
  defined,
  limits,
  parseServiceId,
  parseTenantId,
  refuse,
  type Refusal,
  type ServiceId,
  type TenantId,
} from "../../base/index.ts";
import type { Principal } from "../../kernel/index.ts";
import { defaultTenant } from "../identity/provide.ts";

export const invalid = (field: string, problem: string): Refusal => refuse("INVALID_ARGUMENT", { field, problem });

const tenantPattern = "must be 1–64 of a-z A-Z 0-9 _ -";

const home = defined(parseTenantId(defaultTenant), "the default tenant's id");

/**
 * Whose service is meant. A tenant's own requests may leave it empty; another tenant is, for it, not there, whether it
 * exists or not. An administrator who names none means the default tenant.
 */
export function tenantOf(principal: Principal, given: string, field = "tenant_id"): TenantId | Refusal {
  const tenant = given === "" ? undefined : parseTenantId(given);
  if (given !== "" && tenant === undefined) return invalid(field, tenantPattern);
  if (principal.role === "tenant") {
    if (tenant === undefined || tenant === principal.tenant) return principal.tenant;
    return refuse("TENANT_NOT_FOUND", { tenant });
  }
  return tenant ?? home;
}

/** A tenant that an administrator names to narrow what it sees; undefined: all. A tenant sees itself only. */
export function scopeOf(principal: Principal, given: string, field = "tenant_id"): TenantId | undefined | Refusal {
  if (principal.role === "admin" && given === "") return undefined;
  return tenantOf(principal, given, field);
}

/** A tenant that an administrator must name. */
export function namedTenant(given: string): TenantId | Refusal {
  return parseTenantId(given) ?? invalid("tenant_id", tenantPattern);
}

export function serviceOf(given: string): ServiceId | Refusal {
  return parseServiceId(given) ?? invalid("service_id", "must be 1–128 of a-z A-Z 0-9 _ -");
}

/** A whole number from `min` to `max`; 0 means `otherwise`. */
export function countOf(
  field: string,
  given: number | bigint,
  range: { readonly otherwise: number; readonly min: number; readonly max: number },
): number | Refusal {
  const value = Number(given);
  if (value === 0) return range.otherwise;
  if (value >= range.min && value <= range.max) return value;
  return invalid(field, `must be a whole number from ${range.min} to ${range.max}`);
}

/** An id of an event: whole, and small enough to be exact. */
export function eventNumberOf(field: string, given: bigint, min: number): number | Refusal {
  const value = Number(given);
  return Number.isSafeInteger(value) && value >= min ? value : invalid(field, `must be a whole number from ${min}`);
}

/** Above this, parsing arguments here would hold up all others' requests. */
const parsedBytesMax = 64 * 1024;

/**
 * Arguments of a call: a JSON array. Empty means none. Large ones are only seen to be text in brackets: the guest parses
 * them in its own time, and what is no JSON ends as NOT_SERIALIZABLE.
 */
export function argsOf(bytes: Uint8Array): Uint8Array | Refusal {
  if (bytes.length === 0) return noArgs;
  if (bytes.length > limits.payloadBytesMax) {
    return refuse("TOO_LARGE", { what: "args", size: bytes.length, limit: limits.payloadBytesMax });
  }
  if (bytes.length > parsedBytesMax) {
    if (isUtf8(bytes) && isBracketed(bytes)) return bytes;
    return invalid("args", "must be a JSON array of arguments, in UTF-8");
  }
  try {
    const args: unknown = JSON.parse(utf8.decode(bytes));
    if (!Array.isArray(args)) return invalid("args", "must be a JSON array of arguments");
    return Buffer.from(JSON.stringify(args));
  } catch (error) {
    // Also the depth that JSON.stringify cannot follow.
    return invalid(
      "args",
      `must be a JSON array of arguments (${error instanceof Error ? error.message : "unreadable"})`,
    );
  }
}

/** Whether there is a list's brackets around it, and JSON's own white space around those at most. */
function isBracketed(bytes: Uint8Array): boolean {
  const isSpace = (byte: number | undefined): boolean =>
    byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
  let first = 0;
  let last = bytes.length - 1;
  while (isSpace(bytes[first])) first += 1;
  while (isSpace(bytes[last])) last -= 1;
  return bytes[first] === 0x5b && bytes[last] === 0x5d;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });
const noArgs: Uint8Array = Buffer.from("[]");

export function methodOf(given: string): string | Refusal {
  if (given === "") return invalid("method", "is missing");
  if (given.length <= limits.methodNameLengthMax) return given;
  return invalid("method", `must have at most ${limits.methodNameLengthMax} characters`);
}
