import { type FieldType, messages, parseField } from '../../triton/model-config.ts';

/** Returns the fields of a message, or of an entry of a map, with their types; undefined for a scalar. */
export function getFields(type: string): Readonly<Record<string, string>> | undefined {
  const [map, key, value] = type.split(' ');
  return map === 'map' && key !== undefined && value !== undefined
    ? { key: `${key} = 1`, value: `${value} = 2` }
    : messages[type];
}

/** Finds the type of one field; undefined when the message has no such field. */
export function findFieldType(message: string, field: string): FieldType | undefined {
  const fields = getFields(message) ?? {};
  const described = Object.hasOwn(fields, field) ? fields[field] : undefined;
  return described === undefined ? undefined : parseField(described);
}
