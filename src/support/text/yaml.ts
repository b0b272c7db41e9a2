import { isMap, isNode, isScalar, LineCounter, parseDocument, stringify, type Document } from 'yaml';
import type { z } from 'zod';
import { getErrorMessage, UsageError } from '../errors.ts';
import { parseWith } from './parse-with-schema.ts';

/**
 * A YAML text, checked against a schema.
 *
 * @param what what the text is, for messages: "workload", "configuration"
 * @throws {UsageError} naming file, line and column, for broken YAML and for a value that does not fit.
 */
export function parseYaml<Schema extends z.ZodType>(
  schema: Schema,
  text: string,
  source: { what: string; file: string },
): z.output<Schema> {
  return parseYamlWithLines(schema, text, source).value;
}

/** The same, with the line (from 1) on which a key stands. */
export function parseYamlWithLines<Schema extends z.ZodType>(
  schema: Schema,
  text: string,
  { what, file }: { what: string; file: string },
): { value: z.output<Schema>; lineOf: (path: readonly PropertyKey[]) => number | undefined } {
  const lineCounter = new LineCounter();
  const document = parseWithinLimits({ what, file }, () =>
    parseDocument(text, { lineCounter, prettyErrors: false }),
  );
  const position = (offset: number): string => {
    const { line, col } = lineCounter.linePos(offset);
    return `${line}:${col}`;
  };
  const [broken] = document.errors;
  if (broken !== undefined) {
    const reason = broken.message.includes('call stack') ? 'it is nested too deeply' : broken.message;
    throw new UsageError(`unusable ${what}\n  ${file}:${position(broken.pos[0])}: ${reason}`, {
      fix: `correct the YAML in ${file}`,
      cause: broken,
    });
  }
  const locate = (path: readonly PropertyKey[]): string | undefined => {
    const offset = findOffset(document, path);
    return offset === undefined ? undefined : position(offset);
  };
  const lineOf = (path: readonly PropertyKey[]): number | undefined => {
    const offset = findOffset(document, path);
    return offset === undefined ? undefined : lineCounter.linePos(offset).line;
  };
  const plain = parseWithinLimits<unknown>(
    { what, file },
    () => document.toJS({ maxAliasCount: 100 }) as unknown,
  );
  const value = parseWith(schema, plain, { what, file, locate });
  return { value, lineOf };
}

/**
 * Runs the YAML parser, which throws for a text that is nested too deeply or whose aliases multiply.
 *
 * @throws {UsageError} with the name of the file.
 */
export function parseWithinLimits<T>({ what, file }: { what: string; file: string }, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const reason = /alias/i.test(getErrorMessage(error))
      ? 'its aliases (*name) stand for far more than the file holds, or for nothing'
      : `it is nested too deeply, or cannot be read: ${getErrorMessage(error)}`;
    throw new UsageError(`unusable ${what}\n  ${file}: ${reason}`, {
      fix: `write ${file} without aliases and with fewer levels`,
      cause: error,
    });
  }
}

/** Where the key (in a list: the value) begins; for one that is missing, where its parent does. */
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

/** A value as YAML, a line each. */
export function formatYaml(value: unknown): string[] {
  return stringify(value, { lineWidth: 0 }).trimEnd().split('\n');
}
