import type { z } from 'zod';
import { UsageError } from '../errors.ts';
import { findNearest } from './suggest.ts';

/**
 * Options for a schema that a process uses a few times: compiling it, as zod does otherwise, takes longer
 * than checking.
 */
export const rarelyUsed = { jitless: true } as const;

export interface ParseSource {
  /** Name of the kind of value, for the message: "workload", "configuration". */
  what: string;
  /** File that the value was read from. */
  file: string;
  /** Fix, where it is not to correct that file. */
  fix?: string;
  /** Returns "line:column" of a key path in that file; undefined when it is unknown. */
  locate?: (path: readonly PropertyKey[]) => string | undefined;
  /** Name of the value at a key path, in place of file, position and path; undefined where it has none. */
  labelOf?: (path: readonly PropertyKey[]) => string | undefined;
}

export interface Mistake {
  /** Key path of the value; empty for the whole. */
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** A value that does not fit its schema, or itself. The message has one line per mistake. */
export class InvalidValueError extends UsageError {
  readonly mistakes: readonly Mistake[];

  constructor(mistakes: readonly Mistake[], source: ParseSource, cause?: unknown) {
    const lines = new Set(mistakes.map(({ path, message }) => `${formatLabel(path, source)}: ${message}`));
    super(`unusable ${source.what}\n  ${[...lines].join('\n  ')}`, {
      fix: source.fix ?? `correct ${source.file}`,
      cause,
    });
    this.mistakes = mistakes;
  }
}

/**
 * Checks a value against a schema. Schemas made of `z.strictObject` reject unknown keys; the message suggests
 * the most similar valid key, or lists all.
 *
 * @throws {UsageError} with one line per mistake: file, position, key path, what is wrong.
 */
export function parseWith<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  parsed: ParseSource,
): z.output<Schema> {
  const result = schema.safeParse(value, rarelyUsed);
  rejectNullBytes(value, [], parsed);
  if (result.success) {
    return result.data;
  }
  const mistakes = result.error.issues.flatMap((issue) => toMistakes(issue, schema, value));
  throw new InvalidValueError(mistakes, parsed, result.error);
}

/** Returns the label of a value in messages: "file:line:column: key.path". */
function formatLabel(path: readonly PropertyKey[], parsed: ParseSource): string {
  const position = parsed.locate?.(path);
  const place = position === undefined ? parsed.file : `${parsed.file}:${position}`;
  return (
    parsed.labelOf?.(path) ?? [place, ...(path.length === 0 ? [] : [path.map(String).join('.')])].join(': ')
  );
}

/** Rejects null bytes, which no path, argument or variable of the system can contain. */
function rejectNullBytes(value: unknown, path: readonly PropertyKey[], parsed: ParseSource): void {
  if (typeof value === 'string' && value.includes('\0')) {
    throw new InvalidValueError([{ path, message: 'it contains a null byte' }], parsed);
  }
  if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      rejectNullBytes(inner, [...path, key], parsed);
    }
  }
}

function toMistakes(issue: z.core.$ZodIssue, schema: z.ZodType, value: unknown): Mistake[] {
  if (issue.code === 'unrecognized_keys') {
    const valid = listValidKeys(schema, value, issue.path);
    return issue.keys.map((key) => ({ path: [...issue.path, key], message: formatUnknownKey(key, valid) }));
  }
  return [{ path: issue.path, message: issue.message.replace(/^Invalid input: /, '') }];
}

function formatUnknownKey(key: string, valid: readonly string[]): string {
  const meant = findNearest(key, valid);
  return meant === undefined
    ? `unknown key; valid keys: ${[...valid].sort().join(', ')}`
    : `unknown key; did you mean "${meant}"?`;
}

/**
 * Lists the keys that the schema allows at `path`; of alternatives, those that fit the literals of the value.
 */
function listValidKeys(schema: z.ZodType, value: unknown, path: readonly PropertyKey[]): string[] {
  const [step, ...rest] = path;
  const keys = listAlternatives(schema, value).flatMap((node) => {
    const { def } = node._zod;
    if (step === undefined) {
      return def.type === 'object' ? Object.keys(def.shape) : [];
    }
    const child = findChild(def, step);
    const inner = (value as Record<PropertyKey, unknown> | undefined)?.[step];
    return child === undefined ? [] : listValidKeys(child as z.ZodType, inner, rest);
  });
  return [...new Set(keys)];
}

type SchemaDefinition = z.core.$ZodTypes['_zod']['def'];

function findChild(def: SchemaDefinition, step: PropertyKey): z.core.$ZodType | undefined {
  switch (def.type) {
    case 'object':
      return (def.shape as Record<PropertyKey, z.core.$ZodType>)[step];
    case 'record':
      return def.valueType;
    case 'array':
      return def.element;
    default:
      return undefined;
  }
}

/** Lists the schema without its wrappers (optional, default, transformed), and its alternatives. */
function listAlternatives(schema: z.core.$ZodType, value: unknown): z.core.$ZodTypes[] {
  const node = schema as z.core.$ZodTypes;
  const { def } = node._zod;
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'readonly':
    case 'catch':
    case 'nonoptional':
      return listAlternatives(def.innerType, value);
    case 'pipe':
      return listAlternatives(def.in, value);
    case 'lazy':
      return listAlternatives(def.getter(), value);
    case 'union': {
      const options = def.options.flatMap((option) => listAlternatives(option, value));
      const fitting = options.filter((option) => matchesLiterals(option, value));
      return fitting.length > 0 ? fitting : options;
    }
    default:
      return [node];
  }
}

function matchesLiterals({ _zod: { def } }: z.core.$ZodTypes, value: unknown): boolean {
  if (def.type !== 'object' || typeof value !== 'object' || value === null) {
    return false;
  }
  return Object.entries(def.shape).every(([key, field]) => {
    const { def: outer } = (field as z.core.$ZodTypes)._zod;
    const inner = outer.type === 'optional' ? (outer.innerType as z.core.$ZodTypes)._zod.def : outer;
    const given = (value as Record<string, unknown>)[key];
    return outer.type === 'literal'
      ? outer.values.includes(given as string)
      : inner.type !== 'undefined' || given === undefined;
  });
}
