/** Protobuf's wire format, written by hand (https://protobuf.dev/programming-guides/encoding), so that it can be written wrongly. */
export const wire = { varint: 0, fixed64: 1, bytes: 2, groupStart: 3, groupEnd: 4, fixed32: 5 } as const;
export type WireType = (typeof wire)[keyof typeof wire];

/** Any whole number as 64 bits, in 1 to 10 bytes. */
export function varint(value: bigint | number): Buffer {
  let left = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  for (; left > 0x7fn; left >>= 7n) bytes.push(Number(left & 0x7fn) | 0x80);
  bytes.push(Number(left));
  return Buffer.from(bytes);
}

export const tag = (number: number, type: number): Buffer => varint((BigInt(number) << 3n) | BigInt(type));

export const field = (number: number, type: number, ...content: readonly Buffer[]): Buffer =>
  Buffer.concat([tag(number, type), ...content]);

export const bytesField = (number: number, content: Buffer): Buffer =>
  field(number, wire.bytes, varint(content.length), content);
