import { findNearest } from '../../support/text/suggest.ts';
import type { Field, MessageValue, ScalarValue } from '../../formats/pbtxt/value.ts';
import { type Fault, type Position, SyntaxFault } from '../../formats/pbtxt/position.ts';
import { parseScalar, type Scalar } from './scalar.ts';
import { alternatives, type FieldType } from '../../triton/model-config.ts';
import { getFields, findFieldType } from './types.ts';

/** Message with checked types; every value has its position. */
export interface Message {
  /** Name of a message type; of an entry of a map `map KEY VALUE`. */
  readonly type: string;
  readonly position: Position;
  /** Fields in the order of the file; those that are not set are missing. */
  readonly fields: ReadonlyMap<string, readonly Entry[]>;
}

export interface Entry {
  readonly value: Scalar | Message;
  readonly position: Position;
}

/** Checks fields against their descriptions; those that do not fit are omitted, with a fault for each. */
export function readMessage(type: string, value: MessageValue, faults: Fault[]): Message {
  const fields = new Map<string, Entry[]>();
  for (const field of value.fields) {
    const described = findFieldType(type, field.name);
    const before = fields.get(field.name);
    const fault =
      described === undefined
        ? createUnknownFieldFault(type, field)
        : findConflict(type, field, described, fields);
    if (described === undefined || fault !== undefined) {
      faults.push(...(fault === undefined ? [] : [fault]));
      continue;
    }
    const entries = before ?? [];
    for (const entry of readField(field, described, faults)) {
      entries.push(entry);
    }
    fields.set(field.name, entries);
  }
  return { type, position: value.position, fields };
}

function readField(field: Field, { cardinality, type }: FieldType, faults: Fault[]): Entry[] {
  const { name, value, hasColon } = field;
  if (value.kind === 'list' && cardinality === 'one') {
    const what = `${name} requires one value, not a list`;
    faults.push(new SyntaxFault(value.position, what, 'remove the brackets [ ]'));
    return [];
  }
  if (value.kind === 'list' && !hasColon && getFields(type) === undefined) {
    const what = `a colon is missing between ${name} and its list`;
    faults.push(new SyntaxFault(value.position, what, `write ${name}: [ ... ]`));
    return [];
  }
  const items = value.kind === 'list' ? value.items : [value];
  return items.flatMap((item) => {
    try {
      return [{ value: readItem(name, type, item, faults), position: item.position }];
    } catch (error) {
      if (!(error instanceof SyntaxFault)) {
        throw error;
      }
      faults.push(error);
      return [];
    }
  });
}

function readItem(
  name: string,
  type: string,
  item: ScalarValue | MessageValue,
  faults: Fault[],
): Scalar | Message {
  const fields = getFields(type);
  if (item.kind === 'message') {
    if (fields === undefined) {
      throw new SyntaxFault(
        item.position,
        `${name} requires a value, not fields in braces`,
        `write ${name}: value`,
      );
    }
    return readMessage(type, item, faults);
  }
  if (fields !== undefined) {
    const example = `${name} { ${Object.keys(fields)[0] ?? ''}: ... }`;
    throw new SyntaxFault(
      item.position,
      `${name} requires fields in braces, not ${item.text}`,
      `write ${Object.keys(fields).length === 0 ? `${name} { }` : example}`,
    );
  }
  return parseScalar(name, type, item);
}

function createUnknownFieldFault(type: string, { name, position }: Field): Fault {
  const known = Object.keys(getFields(type) ?? {});
  const meant = findNearest(name, known);
  const where =
    type === 'ModelConfig' ? 'a model configuration' : type.startsWith('map ') ? 'a map entry' : type;
  const list = known.length === 0 ? 'leave the braces empty' : `the fields here are ${known.join(', ')}`;
  const fix = meant === undefined ? list : `did you mean ${meant}?`;
  return new SyntaxFault(position, `${where} has no field "${name}"`, fix);
}

function findConflict(
  type: string,
  { name, position }: Field,
  { cardinality }: FieldType,
  before: ReadonlyMap<string, unknown>,
): Fault | undefined {
  if (cardinality === 'one' && before.has(name)) {
    return new SyntaxFault(position, `${name} is set a second time`, 'keep one of them');
  }
  const group = alternatives[type] ?? [];
  const other = group.includes(name) ? group.find((field) => before.has(field)) : undefined;
  return other === undefined
    ? undefined
    : new SyntaxFault(position, `${name} and ${other} exclude each other`, 'keep one of them');
}
