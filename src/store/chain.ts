/**
 * The chain that makes an altered, missing or reordered event show:
 *
 *   payload_digest = SHA-256(salt ‖ payload)            hash = SHA-256(previous hash ‖ header ‖ payload_digest)
 *
 * The header is the UTF-8 JSON array of `headerText`, in that order, for ever: old logs must verify. The payload is covered
 * by its digest alone, so that erasing payload and salt leaves the chain whole.
 */
import { hash } from "node:crypto";

/** The columns of an event as they are stored, but for what the chain itself adds. */
export interface Header {
  readonly id: number;
  readonly tenant: string | null;
  readonly sequence: number | null;
  readonly type: string;
  readonly subject: string;
  readonly actor: string;
  readonly timestamp: number;
  readonly wallClock: number;
  readonly causation: number | null;
  readonly version: number;
}

export const saltBytes = 16;
/** What stands before the first event. */
export const genesis: Uint8Array = new Uint8Array(32);

const headerText = (at: Header): string =>
  JSON.stringify([
    "solo 1",
    at.id,
    at.tenant,
    at.sequence,
    at.type,
    at.subject,
    at.actor,
    at.timestamp,
    at.wallClock,
    at.causation,
    at.version,
  ]);

const sha256 = (bytes: Uint8Array): Uint8Array => hash("sha256", bytes, "buffer");

export const digestPayload = (salt: Uint8Array, json: string): Uint8Array =>
  sha256(Buffer.concat([salt, Buffer.from(json)]));

export const linkHash = (previous: Uint8Array, header: Header, payloadDigest: Uint8Array): Uint8Array =>
  sha256(Buffer.concat([previous, Buffer.from(headerText(header)), payloadDigest]));

export const hex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** Snapshots stand outside the chain: they are checked by themselves, and can be made again from the events. */
export const snapshotChecksum = (of: {
  readonly event: number;
  readonly evolveVersion: number;
  readonly json: string;
}): Uint8Array => sha256(Buffer.from(`${of.event} ${of.evolveVersion} ${of.json}`));
