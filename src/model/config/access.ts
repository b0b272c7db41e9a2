import type { Position } from '../../formats/pbtxt/position.ts';
import type { Entry, Message } from './message.ts';
import type { Scalar } from './scalar.ts';
import { getFields, findFieldType } from './types.ts';

/** Every value of a field; empty when it was not given. */
export function listEntries(message: Message, field: string): readonly Entry[] {
  return message.fields.get(field) ?? [];
}

/** The messages of a field, in the order of the file. */
export function listMessages(message: Message, field: string): Message[] {
  return listEntries(message, field).flatMap(({ value }) => (typeof value === 'object' ? [value] : []));
}

/** The numbers of a repeated field. */
export function listNumbers(message: Message, field: string): number[] {
  return listEntries(message, field).map(({ value }) => Number(value));
}

/** The texts of a repeated field, with their places. */
export function listTexts(message: Message, field: string): { text: string; position: Position }[] {
  return listEntries(message, field).flatMap(({ value, position }) =>
    typeof value === 'string' ? [{ text: value, position }] : [],
  );
}

/** The text of a field, "" when it was not given, which is the same for Triton. */
export function getText(message: Message, field: string): string {
  const value = listEntries(message, field)[0]?.value;
  return typeof value === 'string' ? value : '';
}

/** A whole number, 0 when it was not given. */
export function getNumber(message: Message, field: string): number {
  const value = listEntries(message, field)[0]?.value;
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : 0;
}

export type PlainValue = Scalar | PlainValue[] | { [name: string]: PlainValue };

/** The values alone, as protobuf's JSON has them: repeated fields as lists, maps as objects. */
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

/** Of several entries with one key the last one holds; a value that was not given is the type's empty one. */
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
