/**
 * Messages of the contract as JSON for scripts: proto3 JSON (https://protobuf.dev/programming-guides/json/) with every field
 * present, except that 64-bit numbers are numbers, not strings: all of the contract's fit.
 */
import {
  type DescField,
  type DescMessage,
  type JsonValue,
  type MessageShape,
  ScalarType,
  toJson,
} from "@bufbuild/protobuf";

type Json = { [key: string]: unknown };

export function messageJson<D extends DescMessage>(schema: D, message: MessageShape<D>): Json {
  return withNumbers(schema, toJson(schema, message, { alwaysEmitImplicit: true })) as Json;
}

const longs: readonly ScalarType[] = [
  ScalarType.INT64,
  ScalarType.UINT64,
  ScalarType.SINT64,
  ScalarType.FIXED64,
  ScalarType.SFIXED64,
];

function withNumbers(schema: DescMessage, json: JsonValue): unknown {
  // Google's own types (Struct, Any, …) have JSON forms of their own.
  if (schema.typeName.startsWith("google.") || typeof json !== "object" || json === null || Array.isArray(json)) {
    return json;
  }
  const out: Json = { ...json };
  for (const field of schema.fields) {
    const value = json[field.jsonName];
    if (value !== undefined) out[field.jsonName] = ofField(field, value);
  }
  return out;
}

function ofField(field: DescField, value: JsonValue): unknown {
  const each = (item: JsonValue): unknown => {
    if (field.message !== undefined) return withNumbers(field.message, item);
    return field.scalar !== undefined && longs.includes(field.scalar) && typeof item === "string" ? Number(item) : item;
  };
  return Array.isArray(value) ? value.map(each) : each(value);
}
