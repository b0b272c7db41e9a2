import type { Position } from './position.ts';

/** One value as it stands in a file, before anybody knows which type it should have. */
export type Value = ScalarValue | MessageValue | ListValue;

export interface ScalarValue {
  readonly kind: 'identifier' | 'integer' | 'float' | 'string';
  /** As written, with its sign; adjacent strings one after the other. */
  readonly text: string;
  /** Of a string: what it stands for. */
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
