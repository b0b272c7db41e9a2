import { findNearest } from '../../support/text/suggest.ts';
import { SyntaxFault } from '../../formats/pbtxt/position.ts';
import type { ScalarValue } from '../../formats/pbtxt/value.ts';
import { enums } from '../../triton/model-config.ts';

/** Value of a scalar field; integers beyond JavaScript's exact range are bigint. */
export type Scalar = string | number | bigint | boolean;

const ranges: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
};

/**
 * Parses a value as the type of its field.
 *
 * @param type name of protobuf, or of {@link enums}
 * @throws {SyntaxFault} when the value does not fit the type
 */
export function parseScalar(field: string, type: string, value: ScalarValue): Scalar {
  const names = enums[type];
  if (names !== undefined) {
    return parseEnumeration(field, names, value);
  }
  switch (type) {
    case 'string':
      return parseString(field, value);
    case 'bool':
      return parseBoolean(field, value);
    case 'float':
    case 'double':
      return parseNumber(field, value);
    default:
      return parseInteger(field, type, value);
  }
}

function createFault(field: string, expected: string, value: ScalarValue, fix: string): SyntaxFault {
  return new SyntaxFault(value.position, `${field} requires ${expected}, not ${value.text}`, fix);
}

function parseString(field: string, value: ScalarValue): string {
  if (value.kind !== 'string') {
    throw createFault(field, 'a text in quotes', value, `write ${field}: "${value.text}"`);
  }
  // Triton only warns about bytes that are not UTF-8.
  return Buffer.from(value.bytes).toString('utf8');
}

function parseBoolean(field: string, value: ScalarValue): boolean {
  const { kind, text } = value;
  if (kind === 'identifier' && /^(?:true|True|t)$/.test(text)) {
    return true;
  }
  if (kind === 'identifier' && /^(?:false|False|f)$/.test(text)) {
    return false;
  }
  const bit = kind === 'integer' && !text.startsWith('-') ? parseDigits(text) : undefined;
  if (bit === 0n || bit === 1n) {
    return bit === 1n;
  }
  throw createFault(field, 'true or false', value, `write ${field}: true, or false`);
}

function parseNumber(field: string, value: ScalarValue): number {
  const { kind, text } = value;
  const sign = text.startsWith('-') ? -1 : 1;
  const digits = text.replace(/^-/, '');
  if (kind === 'identifier' && /^inf(?:inity)?$/i.test(digits)) {
    return sign * Infinity;
  }
  if (kind === 'identifier' && /^nan$/i.test(digits)) {
    return NaN;
  }
  if (kind === 'float' || (kind === 'integer' && /^(?:0|[1-9]\d*)$/.test(digits))) {
    return sign * Number(digits.replace(/[fF]$/, ''));
  }
  throw createFault(field, 'a decimal number', value, `write ${field}: 0.5`);
}

function parseInteger(field: string, type: string, value: ScalarValue): number | bigint {
  const [least, most] = ranges[type] ?? [0n, 0n];
  if (value.kind !== 'integer') {
    const quoted = value.kind === 'string' ? 'remove the quotes' : 'write it as a whole number in digits';
    throw createFault(field, 'a whole number', value, quoted);
  }
  const whole = parseDigits(value.text);
  if (whole < least || whole > most || (least === 0n && value.text.startsWith('-'))) {
    throw createFault(
      field,
      `a whole number from ${least} to ${most}`,
      value,
      'write a number of that range',
    );
  }
  return Number.isSafeInteger(Number(whole)) ? Number(whole) : whole;
}

/** Parses an integer: decimal, 0x hexadecimal or 0 octal. */
function parseDigits(text: string): bigint {
  const digits = text.replace(/^-/, '');
  const magnitude = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits);
  return text.startsWith('-') ? -magnitude : magnitude;
}

function parseEnumeration(field: string, names: readonly string[], value: ScalarValue): string {
  const { kind, text } = value;
  if (kind === 'identifier' && names.includes(text)) {
    return text;
  }
  if (kind === 'integer') {
    const whole = parseDigits(text);
    const name = names[Number(whole)];
    if (name !== undefined) {
      return name;
    }
  }
  const meant = findNearest(text, names) ?? names.find((name) => name.endsWith(`_${normalizeName(text)}`));
  throw new SyntaxFault(
    value.position,
    `${text} is not a value of ${field}`,
    meant === undefined ? `use one of ${names.join(', ')}` : `write ${meant}`,
  );
}

/** Normalizes spellings that differ from Triton's names: "float32", "FP32", TYPE_FLOAT32. */
function normalizeName(text: string): string {
  const word = text.toUpperCase().replace(/^["']|["']$|^(?:TYPE|KIND)_|^TORCH\./g, '');
  const float = /^FLOAT(16|32|64)$/.exec(word)?.[1];
  const others: Readonly<Record<string, string>> = {
    FLOAT: 'FP32',
    DOUBLE: 'FP64',
    HALF: 'FP16',
    LONG: 'INT64',
  };
  return float === undefined ? (others[word] ?? word) : `FP${float}`;
}
