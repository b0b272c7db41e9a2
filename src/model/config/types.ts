import { messages } from './schema.ts';

export interface FieldType {
  readonly cardinality: 'one' | 'repeated' | 'map';
  /** What one value is: a scalar, an enumeration, a message; of a map `map KEY VALUE`, the whole entry. */
  readonly type: string;
}

/** The fields of a message, or of an entry of a map, with their types; undefined for a scalar. */
export function fieldsOf(type: string): Readonly<Record<string, string>> | undefined {
  const [map, key, value] = type.split(' ');
  return map === 'map' && key !== undefined && value !== undefined ? { key, value } : messages[type];
}

/** The type of one field, undefined when the message has no such field. */
export function fieldType(message: string, field: string): FieldType | undefined {
  const fields = fieldsOf(message) ?? {};
  const described = Object.hasOwn(fields, field) ? fields[field] : undefined;
  if (described === undefined) {
    return undefined;
  }
  const type = described.replace(/^repeated /, '');
  const cardinality = type.startsWith('map ') ? 'map' : type === described ? 'one' : 'repeated';
  return { cardinality, type };
}
