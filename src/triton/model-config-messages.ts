import { enums, messages, parseField } from './model-config.ts';

type WireField =
  { id: number; type: string; rule?: 'repeated' } | { id: number; keyType: string; type: string };

/** Returns the messages and enumerations of a model's configuration, in protobufjs' JSON format. */
export function configMessages(): Record<string, object> {
  return {
    ...Object.fromEntries(
      Object.entries(messages).map(([name, fields]) => [name, { fields: describeFields(fields) }]),
    ),
    ...Object.fromEntries(
      Object.entries(enums).map(([name, values]) => [
        name,
        { values: Object.fromEntries(values.map((value, number) => [value, number])) },
      ]),
    ),
  };
}

/**
 * Describes the fields of a message; of two names of one field the later one is used, because a release has
 * renamed it.
 */
function describeFields(fields: Readonly<Record<string, string>>): Record<string, WireField> {
  const named = new Map<number, [string, WireField]>();
  for (const [name, described] of Object.entries(fields)) {
    const { cardinality, type, number: id } = parseField(described);
    const [, keyType = '', valueType = ''] = type.split(' ');
    const field: WireField =
      cardinality === 'map'
        ? { id, keyType, type: valueType }
        : { id, type, ...(cardinality === 'repeated' && { rule: cardinality }) };
    named.set(id, [camelCase(name), field]);
  }
  return Object.fromEntries(named.values());
}

/** Converts `max_batch_size` to `maxBatchSize`. */
function camelCase(name: string): string {
  return name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}
