/** Fields that many requests share, parsed. A field that does not fit is refused by its name in the contract. */
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

/** Arguments of a call: a JSON array, as the guest will parse it. Empty means none. */
export function argsOf(bytes: Uint8Array): Uint8Array | Refusal {
  if (bytes.length === 0) return noArgs;
  if (bytes.length > limits.payloadBytesMax) {
    return refuse("TOO_LARGE", { what: "args", size: bytes.length, limit: limits.payloadBytesMax });
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

const utf8 = new TextDecoder("utf-8", { fatal: true });
const noArgs: Uint8Array = Buffer.from("[]");

export function methodOf(given: string): string | Refusal {
  if (given === "") return invalid("method", "is missing");
  if (given.length <= limits.methodNameLengthMax) return given;
  return invalid("method", `must have at most ${limits.methodNameLengthMax} characters`);
}
