import { UsageError } from '../support/errors.ts';

/**
 * One word of bash with exactly this value, whatever characters it holds.
 *
 * @throws {UsageError} for NUL, which no argument of a process can hold.
 */
export function quoteForBash(value: unknown): string {
  const text = toText(value);
  if (text.includes('\0')) {
    throw new UsageError(`a value with a NUL byte cannot be given to a program: ${JSON.stringify(text)}`);
  }
  if (/^[\w@%+:./-]+$/.test(text)) {
    return text;
  }
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The inside of a bash array: each value as one word, separated by spaces. */
export function quoteArray(values: unknown): string {
  if (!Array.isArray(values)) {
    throw new TypeError('a template asked for an array and got something else');
  }
  return values.map(quoteForBash).join(' ');
}

function toText(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return String(value);
  }
  throw new TypeError(`a template asked to quote ${value === undefined ? 'a missing value' : typeof value}`);
}
