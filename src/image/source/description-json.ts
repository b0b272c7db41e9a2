import * as z from 'zod';
import { getErrorMessage } from '../../support/errors.ts';
import { rarelyUsed } from '../../support/text/parse-with-schema.ts';
import { toPrintable } from '../../support/text/printable.ts';

/** Creates a schema of a list. Go writes an empty list as null, or omits it. */
export function listSchema<Item extends z.ZodType>(item: Item) {
  return z
    .array(item)
    .nullish()
    .transform((found) => found ?? []);
}

/**
 * Creates a schema of an object whose keys match in any letter case, as in Go's decoder; a key in the exact case takes
 * precedence.
 */
export function goObjectSchema<Shape extends z.ZodRawShape>(shape: Shape) {
  const known = new Map(Object.keys(shape).map((key) => [key.toLowerCase(), key]));
  return z.preprocess((found) => withKnownKeys(found, known), z.looseObject(shape));
}

function withKnownKeys(found: unknown, known: ReadonlyMap<string, string>): unknown {
  if (typeof found !== 'object' || found === null || Array.isArray(found)) {
    return found;
  }
  const nameOf = (key: string) => {
    const name = known.get(key.toLowerCase()) ?? key;
    return Object.hasOwn(found, name) ? key : name;
  };
  return Object.keys(found).every((key) => nameOf(key) === key)
    ? found
    : Object.fromEntries(Object.entries(found).map(([key, value]) => [nameOf(key), value]));
}

/** Limits far above the manifest, index or configuration of any image. */
const maxDepth = 64;
const maxValues = 100_000;

/**
 * Parses the JSON description of an image. The size is checked before the text becomes objects, which take a hundred
 * times its length.
 *
 * @throws {Error} if it is not JSON, or exceeds the limits. The message is safe to print.
 */
export function parseDescription(text: string): unknown {
  let depth = 0;
  let values = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (isQuoted) {
      at += character === '\\' ? 1 : 0;
      isQuoted = character !== '"';
    } else if (character === '"') {
      isQuoted = true;
    } else if (character === '[' || character === '{') {
      depth += 1;
    } else if (character === ']' || character === '}') {
      depth -= 1;
    } else if (character === ',') {
      values += 1;
    }
    if (depth > maxDepth || values > maxValues) {
      throw new SyntaxError('nested deeper or longer than any description of an image');
    }
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(toPrintable(getErrorMessage(error)), { cause: error });
  }
}

/**
 * @throws {Error} with a printable message about the first problem: `rootfs.diff_ids: expected array, received
 *   string`.
 */
export function checkDescription<Schema extends z.ZodType>(schema: Schema, json: unknown): z.output<Schema> {
  const { success, data, error } = schema.safeParse(json, rarelyUsed);
  if (success) {
    return data;
  }
  const [first] = error.issues;
  const place = first?.path.map(String).join('.') ?? '';
  const problem = first?.message.replace(/^Invalid input: /, '') ?? '';
  throw new Error(toPrintable(place === '' ? problem : `${place}: ${problem}`), { cause: error });
}
