/**
 * References on their way from one cell of a tenant to another. A cell says what its guests' references mean, and may be
 * hostile: it can name whatever it likes. A service's name may be known to anyone in its tenant, and need not be there yet.
 * One life of a service passes only if it is, or was, one of that tenant: a number that was guessed means nothing, and will
 * mean nothing when it is somebody's. Nothing is asked of another tenant, so nothing is learnt of it.
 */
import type { IncarnationNumber, ServiceId, TenantId } from "../base/index.ts";
import type { CallFailure, Designated, Slots } from "../wire/index.ts";

/** `lives`: it takes messages, or will. `unknown`: there never was such a life of this service. */
export type Life = "lives" | "ended" | "unknown";

export type LifeOf = (tenant: TenantId, service: ServiceId, incarnation: IncarnationNumber) => Life;

/** What is sent, and the references in it; undefined: there are none. */
export interface Parcel {
  readonly bytes: Uint8Array;
  readonly slots?: Slots | undefined;
}

/** What a slot weighs where messages wait, at most. */
const slotBytes = 192;

/** And the message itself: its place in a queue, its timer, whoever waits for it. */
const messageBytes = 1_024;

export const sizeOf = ({ bytes, slots }: Parcel): number =>
  messageBytes + bytes.length + (slots?.length ?? 0) * slotBytes;

/** Whether each of them may be handed on within the tenant. */
export const mayPass = (tenant: TenantId, { slots }: Pick<Parcel, "slots">, lifeOf: LifeOf): boolean =>
  slots === undefined || slots.every((one) => isKnown(tenant, one, lifeOf));

const isKnown = (tenant: TenantId, { service, incarnation }: Designated, lifeOf: LifeOf): boolean =>
  incarnation === undefined || lifeOf(tenant, service, incarnation) !== "unknown";

/** For a header that has slots only if there are some. */
export const carried = ({ slots }: Pick<Parcel, "slots">): { readonly slots?: Slots } =>
  slots === undefined ? {} : { slots };

export const forgedArguments: CallFailure = {
  code: "NOT_SERIALIZABLE",
  executed: "not_executed",
  message: "the arguments name a reference that was not given",
};

export const forgedResult: CallFailure = {
  code: "NOT_SERIALIZABLE",
  executed: "executed",
  message: "the result names a reference that its service does not hold",
};

/** Clients have none. */
export const referencesStay: CallFailure = {
  code: "NOT_SERIALIZABLE",
  executed: "executed",
  message: "the result holds a reference to a service, which means nothing outside of the services",
};
