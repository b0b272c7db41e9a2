import { isMap, isNode, isScalar, LineCounter, parseDocument, stringify, type Document } from 'yaml';
import type { z } from 'zod';
import { getErrorMessage, UsageError } from '../errors.ts';
import { parseWith } from './parse-with-schema.ts';

/**
 * Parses a YAML text and checks it against a schema.
 *
 * @param source kind of the text, for messages ("workload", "configuration"), and its file
 * @throws {UsageError} naming file, line and column, for broken YAML and for a value that does not fit.
 */
export function parseYaml<Schema extends z.ZodType>(
  schema: Schema,
  text: string,
  source: { what: string; file: string },
): z.output<Schema> {
  return parseYamlWithLines(schema, text, source).value;
}

/** Parses a YAML text as {@link parseYaml} does; returns also the line (from 1) of each key. */
export function parseYamlWithLines<Schema extends z.ZodType>(
  schema: Schema,
  text: string,
  source: { what: string; file: string },
): { value: z.output<Schema>; lineOf: (path: readonly PropertyKey[]) => number | undefined } {
  const document = parseYamlDocument(text, source);
  return {
    value: parseYamlValue(schema, document, source),
    lineOf: (path) => document.findKey(path)?.line,
  };
}

/** Position in a text; line and column start at 1. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

/** Values of a YAML text, not yet checked, and their positions. */
export interface YamlDocument {
  readonly value: unknown;
  /** Returns the position of a key (in a list: of the value); for a missing one, that of its parent. */
  readonly findKey: (path: readonly PropertyKey[]) => TextPosition | undefined;
  /** Returns the position of a value; undefined for a missing one. */
  readonly findValue: (path: readonly PropertyKey[]) => TextPosition | undefined;
}

/** Error for a text that is not YAML, or whose nesting or aliases exceed the limits of the parser. */
export class YamlSyntaxError extends UsageError {
  readonly reason: string;
  /** Position of the mistake; undefined if it concerns the whole text. */
  readonly position: TextPosition | undefined;

  constructor(
    reason: string,
    { what, file }: { what: string; file: string },
    { position, fix, cause }: { position?: TextPosition; fix: string; cause?: unknown },
  ) {
    const place = position === undefined ? '' : `:${formatPosition(position)}`;
    super(`unusable ${what}\n  ${file}${place}: ${reason}`, { fix, cause });
    this.reason = reason;
    this.position = position;
  }
}

/** @throws {YamlSyntaxError} for broken YAML. */
export function parseYamlDocument(text: string, source: { what: string; file: string }): YamlDocument {
  const lineCounter = new LineCounter();
  const document = parseWithinLimits(source, () => parseDocument(text, { lineCounter, prettyErrors: false }));
  const toPosition = (offset: number | undefined): TextPosition | undefined => {
    if (offset === undefined) {
      return undefined;
    }
    const { line, col } = lineCounter.linePos(offset);
    return { line, column: col };
  };
  const [broken] = document.errors;
  if (broken !== undefined) {
    const reason = broken.message.includes('call stack') ? 'it is nested too deeply' : broken.message;
    const { line, col } = lineCounter.linePos(broken.pos[0]);
    throw new YamlSyntaxError(reason, source, {
      position: { line, column: col },
      fix: `correct the YAML in ${source.file}`,
    });
  }
  return {
    value: parseWithinLimits(source, () => document.toJS({ maxAliasCount: 100 }) as unknown),
    findKey: (path) => toPosition(findOffset(document, path)),
    findValue: (path) => {
      const node = document.getIn(path, true);
      return toPosition(isNode(node) ? node.range?.[0] : undefined);
    },
  };
}

/**
 * Checks the value of a document against a schema.
 *
 * @throws {InvalidValueError} naming file, line and column of each mistake.
 */
export function parseYamlValue<Schema extends z.ZodType>(
  schema: Schema,
  { value, findKey }: YamlDocument,
  { what, file }: { what: string; file: string },
): z.output<Schema> {
  const locate = (path: readonly PropertyKey[]): string | undefined => {
    const position = findKey(path);
    return position && formatPosition(position);
  };
  return parseWith(schema, value, { what, file, locate });
}

function formatPosition({ line, column }: TextPosition): string {
  return `${line}:${column}`;
}

/**
 * Runs the YAML parser, which throws for a text that is nested too deeply or whose aliases multiply.
 *
 * @throws {YamlSyntaxError} with the name of the file.
 */
function parseWithinLimits<T>(source: { what: string; file: string }, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const reason = /alias/i.test(getErrorMessage(error))
      ? 'its aliases (*name) expand to far more than the file contains, or are undefined'
      : `it is nested too deeply, or cannot be read: ${getErrorMessage(error)}`;
    throw new YamlSyntaxError(reason, source, {
      fix: `write ${source.file} without aliases and with fewer levels`,
      cause: error,
    });
  }
}

/** Returns the offset of a key (in a list: of the value); for a missing one, that of its parent. */
function findOffset(document: Document, path: readonly PropertyKey[]): number | undefined {
  const parent = document.getIn(path.slice(0, -1), true);
  const last = path.at(-1);
  if (isMap(parent)) {
    const pair = parent.items.find(({ key }) => isScalar(key) && key.value === last);
    if (isNode(pair?.key) && pair.key.range) {
      return pair.key.range[0];
    }
  }
  const node = document.getIn(path, true);
  if (isNode(node) && node.range) {
    return node.range[0];
  }
  return path.length === 0 ? undefined : findOffset(document, path.slice(0, -1));
}

/** Formats a value as lines of YAML. */
export function formatYaml(value: unknown): string[] {
  return stringify(value, { lineWidth: 0 }).trimEnd().split('\n');
}
