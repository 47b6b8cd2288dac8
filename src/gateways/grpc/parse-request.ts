/**
 * From bytes to a request of the contract, or a refusal. The time that it takes is bounded by the number of fields, since
 * bytes alone do not bound it: five megabytes hold millions of empty messages, which take seconds to make. They are counted
 * before anything is made of them.
 */
import { create, fromBinary, type DescMessage, type Message } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import type { Operation } from "../../api/index.ts";
import { insist, refuse, type Refusal } from "../../base/index.ts";

/** Many times what the largest request means: each environment variable is three. */
export const requestFieldsMax = 10_000;

export function parseRequest({ input }: Operation, bytes: Buffer): Message | Refusal {
  if (bytes.length === 0) return create(input);
  try {
    if (countFields(bytes, input, 0) > requestFieldsMax) {
      return refuse("INVALID_ARGUMENT", { field: "request", problem: `has more than ${requestFieldsMax} fields` });
    }
    return fromBinary(input, bytes, { readUnknownFields: false });
  } catch {
    return refuse("INVALID_ARGUMENT", { field: "request", problem: `is not a ${input.name}` });
  }
}

/** How many fields stand in the bytes, `already` counted, down to the innermost message; just past the limit if too many. */
function countFields(bytes: Uint8Array, message: DescMessage, already: number): number {
  const inner = new Map(message.fields.map((field) => [field.number, messageIn(field)]));
  const reader = new BinaryReader(bytes);
  let count = already;
  while (reader.pos < reader.len && count <= requestFieldsMax) {
    count += 1;
    const [number, type] = reader.tag();
    // Nothing of the contract is a group; what is in one would not be counted.
    insist(type !== WireType.StartGroup && type !== WireType.EndGroup, "no groups");
    if (type !== WireType.LengthDelimited) reader.skip(type, number);
    else {
      const content = reader.bytes();
      const within = inner.get(number);
      if (within === "entry") count += 2;
      else if (within !== undefined) count = countFields(content, within, count);
    }
  }
  return count;
}

/** The message in a field; an entry of a map has its key and its value. */
function messageIn(field: DescMessage["fields"][number]): DescMessage | "entry" | undefined {
  return field.fieldKind === "map" ? "entry" : field.message;
}
