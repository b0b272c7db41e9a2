import { UsageError } from '../support/errors.ts';

/**
 * Quotes a value as one word of bash, whatever characters it contains.
 *
 * @throws {UsageError} for a null byte, which no argument of a process can contain.
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

/** Formats the content of a bash array: each value as one word, separated by spaces. */
export function quoteArray(values: unknown): string {
  if (!Array.isArray(values)) {
    throw new TypeError('a template passed a value that is not an array to the helper array');
  }
  return values.map(quoteForBash).join(' ');
}

function toText(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return String(value);
  }
  throw new TypeError(`a template cannot quote ${value === undefined ? 'a missing value' : typeof value}`);
}
