/**
 * Which tenant of a name a certificate is of. Names can be used again after a tenant was deleted, and its certificates are
 * valid for years: each says when its tenant was made, and opens no other.
 */
import { instant, type EventId, type Instant } from "../../base/index.ts";

const prefix = "urn:solo:tenant-made:";

export const tenancyUri = (bornAt: Instant): string => `${prefix}${bornAt}`;

/** From the alternative names of a certificate, as Node prints them; undefined if it says nothing. */
export function tenancyIn(alternativeNames: string | undefined): Instant | undefined {
  const made = alternativeNames?.split(", ").find((name) => name.startsWith(`URI:${prefix}`));
  const digits = made?.slice(`URI:${prefix}`.length) ?? "";
  return /^[0-9]{1,15}$/.test(digits) ? instant(Number(digits)) : undefined;
}

/**
 * The default tenant's first certificate is made before the tenant is, and says nothing. It is of the tenant that the first
 * events of the log made: a later one of that name cannot be among them, since the end of the first takes as many.
 */
const firstEventsMax = 4;

export const isOf = (tenancy: Instant | undefined, born: { readonly at: Instant; readonly by: EventId }): boolean =>
  tenancy === undefined ? born.by <= firstEventsMax : tenancy === born.at;
