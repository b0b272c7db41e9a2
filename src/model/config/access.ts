import type { Position } from '../../formats/pbtxt/position.ts';
import type { Entry, Message } from './message.ts';
import type { Scalar } from './scalar.ts';
import { getFields, findFieldType } from './types.ts';

/** Lists the values of a field; empty when it is not set. */
export function listEntries(message: Message, field: string): readonly Entry[] {
  return message.fields.get(field) ?? [];
}

/** Lists the messages of a field, in the order of the file. */
export function listMessages(message: Message, field: string): Message[] {
  return listEntries(message, field).flatMap(({ value }) => (typeof value === 'object' ? [value] : []));
}

/** Lists the numbers of a repeated field. */
export function listNumbers(message: Message, field: string): number[] {
  return listEntries(message, field).map(({ value }) => Number(value));
}

/** Lists the texts of a repeated field with their positions. */
export function listTexts(message: Message, field: string): { text: string; position: Position }[] {
  return listEntries(message, field).flatMap(({ value, position }) =>
    typeof value === 'string' ? [{ text: value, position }] : [],
  );
}

/** Returns the text of a field; "" when it is not set, which means the same to Triton. */
export function getText(message: Message, field: string): string {
  const value = listEntries(message, field)[0]?.value;
  return typeof value === 'string' ? value : '';
}

/** Returns a whole number; 0 when the field is not set. */
export function getNumber(message: Message, field: string): number {
  const value = listEntries(message, field)[0]?.value;
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : 0;
}

export type PlainValue = Scalar | PlainValue[] | { [name: string]: PlainValue };

/** Converts a message to its values as in protobuf's JSON: repeated fields as lists, maps as objects. */
export function toPlainValues(message: Message): Record<string, PlainValue> {
  const named = [...message.fields].map(([name, values]): [string, PlainValue] => {
    const cardinality = findFieldType(message.type, name)?.cardinality;
    const plainValues = values.map(({ value }) => (typeof value === 'object' ? toPlainValues(value) : value));
    return [
      name,
      cardinality === 'one'
        ? (plainValues[0] ?? '')
        : cardinality === 'map'
          ? convertMap(values)
          : plainValues,
    ];
  });
  return Object.fromEntries(named);
}

/**
 * Converts the entries of a map. The last of several entries with one key applies; a missing value is the
 * empty value of its type.
 */
function convertMap(values: readonly Entry[]): Record<string, PlainValue> {
  return Object.fromEntries(
    values.flatMap(({ value }) => {
      if (typeof value !== 'object') {
        return [];
      }
      const { key = '', value: held } = toPlainValues(value);
      const isMessage = getFields(findFieldType(value.type, 'value')?.type ?? '') !== undefined;
      return [[typeof key === 'object' ? '' : String(key), held ?? (isMessage ? {} : '')]];
    }),
  );
}
