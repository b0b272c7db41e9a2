import type { Position } from './position.ts';

/** One value of a file, before its expected type is known. */
export type Value = ScalarValue | MessageValue | ListValue;

export interface ScalarValue {
  readonly kind: 'identifier' | 'integer' | 'float' | 'string';
  /** Source text, with the sign; adjacent strings are separated by a space. */
  readonly text: string;
  /** Decoded value of a string; empty for other kinds. */
  readonly bytes: Uint8Array;
  readonly position: Position;
}

export interface MessageValue {
  readonly kind: 'message';
  readonly fields: readonly Field[];
  readonly position: Position;
}

export interface ListValue {
  readonly kind: 'list';
  readonly items: readonly (ScalarValue | MessageValue)[];
  readonly position: Position;
}

export interface Field {
  readonly name: string;
  readonly hasColon: boolean;
  readonly value: Value;
  readonly position: Position;
}
