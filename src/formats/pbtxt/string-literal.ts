import { type Position, SyntaxFault } from './position.ts';

/** Returns the offset after a quoted string that begins at `start`; a string must end on its line. */
export function findStringEnd(text: string, start: number, position: Position): number {
  const quote = text[start];
  for (let at = start + 1; at < text.length && text[at] !== '\n'; at += 1) {
    if (text[at] === quote) {
      return at + 1;
    }
    // A backslash does not escape the end of a line.
    at += text[at] === '\\' && text[at + 1] !== '\n' ? 1 : 0;
  }
  throw unclosed(position);
}

function unclosed(position: Position): SyntaxFault {
  return new SyntaxFault(
    position,
    'this string has no end on its line',
    'close the quote; a long text is written as several strings, one after the other',
  );
}

const simple: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  t: 9,
  n: 10,
  v: 11,
  f: 12,
  r: 13,
  '"': 0x22,
  "'": 0x27,
  '?': 0x3f,
  '\\': 0x5c,
};

const escape =
  /\\(?:(?<octal>[0-7]{1,3})|[xX](?<hex>[0-9a-fA-F]{1,2})|u(?<pair>[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|u(?<short>[0-9a-fA-F]{4})|U(?<long>[0-9a-fA-F]{8})|(?<letter>.))|[^\\]+/gsuy;

/** Decodes a quoted string to bytes: escapes may produce bytes that are not valid text. */
export function unescape(raw: string, start: number, positionAt: (offset: number) => Position): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const match of raw.slice(1, -1).matchAll(escape)) {
    const { octal, hex, pair, short, long, letter } = match.groups ?? {};
    const codePoint = short ?? long;
    if (octal !== undefined || hex !== undefined) {
      parts.push(Uint8Array.of((octal === undefined ? parseInt(hex ?? '', 16) : parseInt(octal, 8)) & 0xff));
    } else if (pair !== undefined) {
      const [high = '', low = ''] = pair.split('\\u');
      parts.push(Buffer.from(String.fromCharCode(parseInt(high, 16), parseInt(low, 16))));
    } else if (codePoint !== undefined && parseInt(codePoint, 16) <= 0x10ffff) {
      parts.push(Buffer.from(String.fromCodePoint(parseInt(codePoint, 16))));
    } else if (letter !== undefined && Object.hasOwn(simple, letter)) {
      parts.push(Uint8Array.of(simple[letter] ?? 0));
    } else if (letter !== undefined || codePoint !== undefined) {
      throw new SyntaxFault(
        positionAt(start + 1 + match.index),
        `${match[0]} is not an escape`,
        'write \\\\ for a backslash',
      );
    } else {
      parts.push(Buffer.from(match[0]));
    }
  }
  return Buffer.concat(parts);
}
