import type { Position } from '../../formats/pbtxt/position.ts';
import type { Entry, Message } from './message.ts';
import type { Scalar } from './scalar.ts';
import { fieldsOf, fieldType } from './types.ts';

/** Every value of a field; empty when it was not given. */
export function entries(message: Message, field: string): readonly Entry[] {
  return message.fields.get(field) ?? [];
}

/** The messages of a field, in the order of the file. */
export function messagesOf(message: Message, field: string): Message[] {
  return entries(message, field).flatMap(({ value }) => (typeof value === 'object' ? [value] : []));
}

/** The numbers of a repeated field. */
export function numbersOf(message: Message, field: string): number[] {
  return entries(message, field).map(({ value }) => Number(value));
}

/** The texts of a repeated field, with their places. */
export function textsOf(message: Message, field: string): { text: string; position: Position }[] {
  return entries(message, field).flatMap(({ value, position }) =>
    typeof value === 'string' ? [{ text: value, position }] : [],
  );
}

/** The text of a field, "" when it was not given, which is the same for Triton. */
export function textOf(message: Message, field: string): string {
  const value = entries(message, field)[0]?.value;
  return typeof value === 'string' ? value : '';
}

/** A whole number, 0 when it was not given. */
export function numberOf(message: Message, field: string): number {
  const value = entries(message, field)[0]?.value;
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : 0;
}

export type Plain = Scalar | Plain[] | { [name: string]: Plain };

/** The values alone, as protobuf's JSON has them: repeated fields as lists, maps as objects. */
export function plain(message: Message): Record<string, Plain> {
  const named = [...message.fields].map(([name, values]): [string, Plain] => {
    const cardinality = fieldType(message.type, name)?.cardinality;
    const plainValues = values.map(({ value }) => (typeof value === 'object' ? plain(value) : value));
    return [
      name,
      cardinality === 'one' ? (plainValues[0] ?? '') : cardinality === 'map' ? mapOf(values) : plainValues,
    ];
  });
  return Object.fromEntries(named);
}

/** Of several entries with one key the last one holds; a value that was not given is the type's empty one. */
function mapOf(values: readonly Entry[]): Record<string, Plain> {
  return Object.fromEntries(
    values.flatMap(({ value }) => {
      if (typeof value !== 'object') {
        return [];
      }
      const { key = '', value: held } = plain(value);
      const isMessage = fieldsOf(fieldType(value.type, 'value')?.type ?? '') !== undefined;
      return [[typeof key === 'object' ? '' : String(key), held ?? (isMessage ? {} : '')]];
    }),
  );
}
