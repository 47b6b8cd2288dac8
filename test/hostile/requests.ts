/**
 * Hostile requests for any message of the contract, made from its descriptor and a seed: some are wrong as bytes, some are
 * well-formed and wrong in every field. What each one is, is said in words.
 */
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { ScalarType } from "@bufbuild/protobuf";
import { limits } from "../../src/base/index.ts";
import type { Random } from "../crash/random.ts";
import { bytesField, field, tag, varint, wire } from "./wire-writer.ts";

export interface Hostile {
  readonly way: Way;
  readonly what: string;
  readonly bytes: Buffer;
}

/** What real requests may name; the rest of a request is up to the generator. */
export interface Known {
  readonly services: readonly string[];
  readonly tenants: readonly string[];
  readonly methods: readonly string[];
}

const mebibyte = 1024 * 1024;
/** What a gateway takes of one request: a source or arguments, and a mebibyte beside. */
const requestBytesMax = Math.max(limits.sourceBytesMax, limits.payloadBytesMax) + mebibyte;
/** Of a field that no message has. */
const unknownNumber = 1_000;
/** Of what is left out by chance, nothing is left out so often. */
const triesMax = 20;

const ids = [
  "",
  " ",
  "..",
  "../../etc/passwd",
  "a b",
  "a/b",
  "a\0b",
  "\n",
  "naïve",
  "𝕏",
  "\u202e",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "-",
  "_",
  "x".repeat(64),
  "x".repeat(65),
  "x".repeat(128),
  "x".repeat(129),
  "x".repeat(100_000),
  "default",
  "admin",
  "{service}",
  "%s%n",
  "'; DROP TABLE events; --",
];

const numbers = [0n, 1n, -1n, 2n ** 31n - 1n, -(2n ** 31n), 2n ** 31n, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)];

const payloads = [
  "",
  "[]",
  "[1]",
  "{}",
  "null",
  "[",
  '["\\ud800"]',
  '[{"__proto__":{"polluted":1}}]',
  '[{"constructor":{"prototype":{"polluted":1}}}]',
  `[${"[".repeat(3_000)}${"]".repeat(3_000)}]`,
  `[${'{"a":'.repeat(3_000)}1${"}".repeat(3_000)}]`,
  "[1e999]",
  `[${"9".repeat(10_000)}]`,
  'import x from "nowhere"',
  "export default class {",
  "export default class A { constructor() { throw new Error('no'); } }",
  "\ufeff",
];

const ways = {
  "random bytes": 6,
  "cut short": 8,
  "bits flipped": 8,
  "unknown fields": 6,
  "fields twice": 6,
  "wrong wire types": 8,
  "extreme numbers": 8,
  "fields of all kinds": 30,
  "invalid UTF-8": 5,
  "invalid enum values": 5,
  "lengths past the end": 5,
  "groups in groups": 2,
  "very long": 1,
  "too long": 1,
  "very many": 2,
  "numbers that do not end": 3,
  "field number zero": 2,
  empty: 1,
} as const;

export type Way = keyof typeof ways;
export const everyWay: readonly Way[] = Object.keys(ways) as Way[];

/** A request of this message, wrong in this way, or in one that the seed draws. */
export function hostile(message: DescMessage, random: Random, known: Known, way: Way = random.weighed(ways)): Hostile {
  return { way, what: `${message.name}: ${way}`, bytes: makers[way](message, random, known) };
}

type Make = (message: DescMessage, random: Random, known: Known) => Buffer;

const makers: Readonly<Record<Way, Make>> = {
  empty: () => Buffer.alloc(0),
  "random bytes": (_message, random) => noise(random, random.whole(1, 300)),
  "cut short": (message, random, known) => {
    const whole = valid(message, random, known);
    return whole.subarray(0, random.whole(0, Math.max(0, whole.length - 1)));
  },
  "bits flipped": (message, random, known) => {
    const bytes = Buffer.from(valid(message, random, known));
    for (let flips = random.whole(1, 8); flips > 0 && bytes.length > 0; flips--) {
      const at = random.whole(0, bytes.length - 1);
      bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << random.whole(0, 7)), at);
    }
    return bytes;
  },
  "unknown fields": (message, random, known) => {
    const number = random.pick([19_000, 2 ** 29 - 1, random.whole(200, 1_000), 16]);
    const type = random.pick([wire.varint, wire.fixed64, wire.bytes, wire.fixed32]);
    return Buffer.concat([valid(message, random, known), ofWireType(number, type, random)]);
  },
  "fields twice": (message, random, known) =>
    Buffer.concat([valid(message, random, known), valid(message, random, known), valid(message, random, known)]),
  "wrong wire types": (message, random, known) => {
    const wrong = message.fields.map(({ number }) => ofWireType(number, random.whole(0, 7), random));
    return Buffer.concat([valid(message, random, known), random.pick([...wrong, Buffer.alloc(0)])]);
  },
  "extreme numbers": (message, random, known) =>
    wrongSomewhere(message, random, known, (each) =>
      each.scalar === undefined || isLengthDelimited(each.scalar)
        ? undefined
        : field(each.number, wire.varint, varint(random.pick(numbers))),
    ),
  "fields of all kinds": (message, random, known) => written(message, random, known, () => undefined),
  "invalid UTF-8": (message, random, known) =>
    wrongSomewhere(message, random, known, (each) =>
      each.scalar === ScalarType.STRING
        ? bytesField(each.number, Buffer.from(random.pick(["ff", "c080", "eda080", "f8888080", "61ff62"]), "hex"))
        : undefined,
    ),
  "invalid enum values": (message, random, known) =>
    wrongSomewhere(message, random, known, (each) =>
      each.enum === undefined ? undefined : field(each.number, wire.varint, varint(random.pick(numbers))),
    ),
  "lengths past the end": (message, random) => {
    const number = message.fields.length === 0 ? 1 : random.pick(message.fields).number;
    const length = random.pick([1n, 100n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n]);
    return field(number, wire.bytes, varint(length), noise(random, random.whole(0, 3)));
  },
  "groups in groups": (_message, random) => {
    const depth = random.pick([1, 50, 200_000]);
    const opened = Buffer.concat(Array.from({ length: depth }, () => tag(999, wire.groupStart)));
    return random.chance(0.5)
      ? opened
      : Buffer.concat([opened, ...Array.from({ length: depth }, () => tag(999, wire.groupEnd))]);
  },
  "very long": (message, random, known) => longAs(message, random, known, () => random.pick([1, 2, 4]) * mebibyte),
  "too long": (message, random, known) => longAs(message, random, known, () => requestBytesMax),
  "very many": (message, random, known) => {
    const repeated = message.fields.filter(({ fieldKind }) => fieldKind === "list" || fieldKind === "map");
    if (repeated.length === 0) return Buffer.concat([valid(message, random, known), noise(random, 20_000)]);
    const { number } = random.pick(repeated);
    return Buffer.concat(
      Array.from({ length: 50_000 }, (_, i) => bytesField(number, bytesField(1, Buffer.from(`k${i}`)))),
    );
  },
  "numbers that do not end": (message, random) => {
    const number = message.fields.length === 0 ? 1 : random.pick(message.fields).number;
    return field(number, wire.varint, Buffer.alloc(random.pick([10, 11, 1_000]), 0xff));
  },
  "field number zero": (message, random, known) =>
    Buffer.concat([valid(message, random, known), field(0, random.whole(0, 5), varint(1))]),
};

/** With one or two texts of so many bytes, or with a field that nobody knows where there is no text. */
function longAs(message: DescMessage, random: Random, known: Known, bytes: () => number): Buffer {
  let left = 2;
  const long = (number: number): Buffer => bytesField(number, Buffer.alloc(bytes(), "x"));
  const made = wrongSomewhere(message, random, known, (each) =>
    isText(each) && left-- > 0 ? long(each.number) : undefined,
  );
  return made.length < mebibyte ? Buffer.concat([made, long(unknownNumber)]) : made;
}

/** Drawn again until something is wrong in it: a message may have no place for it. */
function wrongSomewhere(
  message: DescMessage,
  random: Random,
  known: Known,
  instead: (each: DescField) => Buffer | undefined,
): Buffer {
  for (let tries = 1; ; tries++) {
    let wrong = 0;
    const made = written(message, random, known, (each) => {
      const bytes = instead(each);
      if (bytes !== undefined) wrong += 1;
      return bytes;
    });
    if (wrong > 0 || tries === triesMax) return made;
  }
}

// ---------------------------------------------------------------- well-formed

/** Every field well-formed, and in its values what people do not expect. */
const valid: Make = (message, random, known) => written(message, random, known, () => undefined);

function written(
  message: DescMessage,
  random: Random,
  known: Known,
  instead: (each: DescField) => Buffer | undefined,
): Buffer {
  return Buffer.concat(
    message.fields.map((each) => {
      if (random.chance(0.3)) return Buffer.alloc(0);
      return instead(each) ?? written1(each, random, known, instead);
    }),
  );
}

function written1(
  each: DescField,
  random: Random,
  known: Known,
  instead: (each: DescField) => Buffer | undefined,
): Buffer {
  switch (each.fieldKind) {
    case "message":
      return bytesField(each.number, written(each.message, random, known, instead));
    case "enum":
      return field(each.number, wire.varint, varint(random.pick([0n, 1n, 2n, 3n, random.pick(numbers)])));
    case "scalar":
      return scalar(each.number, each.scalar, each.name, random, known);
    case "list": {
      const items = Array.from({ length: random.whole(0, 4) }, () =>
        each.listKind === "message"
          ? bytesField(each.number, written(each.message, random, known, instead))
          : each.listKind === "scalar"
            ? scalar(each.number, each.scalar, each.name, random, known)
            : field(each.number, wire.varint, varint(random.pick(numbers))),
      );
      return Buffer.concat(items);
    }
    case "map": {
      const entry = Buffer.concat([
        scalar(1, each.mapKey, "key", random, known),
        scalar(2, ScalarType.STRING, "value", random, known),
      ]);
      return bytesField(each.number, entry);
    }
  }
}

function scalar(number: number, type: ScalarType, name: string, random: Random, known: Known): Buffer {
  if (type === ScalarType.STRING) return bytesField(number, Buffer.from(textFor(name, random, known)));
  if (type === ScalarType.BYTES) {
    return bytesField(number, random.chance(0.3) ? noise(random, 40) : Buffer.from(random.pick(payloads)));
  }
  if (type === ScalarType.BOOL) return field(number, wire.varint, varint(random.pick([0n, 1n, 7n])));
  return field(number, wire.varint, varint(random.chance(0.5) ? BigInt(random.whole(0, 20)) : random.pick(numbers)));
}

function textFor(name: string, random: Random, known: Known): string {
  if (random.chance(0.4)) return random.pick(ids);
  if (name === "service_id") return random.pick(known.services);
  if (name === "tenant_id") return random.pick(["", ...known.tenants]);
  if (name === "method") return random.pick(known.methods);
  if (name === "event_types") return random.pick(["service_deployed", "no_such_event"]);
  if (name === "expected_hash") return "0".repeat(64);
  if (name === "request_id") return random.chance(0.5) ? "" : `r-${random.whole(1, 1_000_000)}`;
  return random.pick(["x", "fine", ...ids]);
}

/** A field of this number and wire type, whatever the contract says of it. */
function ofWireType(number: number, type: number, random: Random): Buffer {
  switch (type) {
    case wire.varint:
      return field(number, type, varint(random.pick(numbers)));
    case wire.fixed64:
      return field(number, type, noise(random, 8));
    case wire.bytes: {
      const content = noise(random, random.whole(0, 60));
      return field(number, type, varint(content.length), content);
    }
    case wire.fixed32:
      return field(number, type, noise(random, 4));
    default:
      // Groups without an end or a beginning, and types that do not exist.
      return field(number, type);
  }
}

const isLengthDelimited = (type: ScalarType): boolean => type === ScalarType.STRING || type === ScalarType.BYTES;
const isText = (each: DescField): boolean =>
  each.fieldKind === "scalar" && (each.scalar === ScalarType.STRING || each.scalar === ScalarType.BYTES);
const noise = (random: Random, length: number): Buffer =>
  Buffer.from(Array.from({ length }, () => random.whole(0, 255)));
