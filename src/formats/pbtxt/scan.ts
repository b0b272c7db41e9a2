import { type Position, SyntaxFault } from './position.ts';
import { findStringEnd, unescape } from './string-literal.ts';

/** One word of the text format. `text` is the source text; `bytes` is the value of a string, as UTF-8. */
export type Token =
  | { readonly kind: 'identifier' | 'integer' | 'float' | 'symbol' | 'end'; text: string; position: Position }
  | { readonly kind: 'string'; text: string; bytes: Uint8Array; position: Position };

const blank = /(?:[ \t\r\n\v\f]+|#[^\n]*)+/y;
const identifier = /[A-Za-z_]\w*/y;
const float =
  /(?:(?:0|[1-9]\d*)\.\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|(?:0|[1-9]\d*)[eE][+-]?\d+)[fF]?|(?:0|[1-9]\d*)[fF]/y;
const integer = /0[xX][0-9a-fA-F]+|0[0-7]+|0|[1-9]\d*/y;
const symbols = '{}<>[]:,;-';

/**
 * Splits a text into tokens, like protobuf's C++ tokenizer, which Triton uses.
 *
 * Source: https://protobuf.dev/reference/protobuf/textformat-spec/, "Lexical elements".
 *
 * @throws {SyntaxFault}
 */
export function scan(text: string): Token[] {
  const positionAt = positions(text);
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  for (;;) {
    at += match(blank)?.length ?? 0;
    const position = positionAt(at);
    const first = text[at];
    if (first === undefined) {
      tokens.push({ kind: 'end', text: '', position });
      return tokens;
    }
    if (first === '"' || first === "'") {
      const end = findStringEnd(text, at, position);
      const raw = text.slice(at, end);
      tokens.push({ kind: 'string', text: raw, bytes: unescape(raw, at, positionAt), position });
      at = end;
      continue;
    }
    const word = match(identifier);
    if (word !== undefined) {
      tokens.push({ kind: 'identifier', text: word, position });
      at += word.length;
    } else if (/[\d.]/.test(first)) {
      const decimal = match(float);
      const number = decimal ?? match(integer) ?? '';
      const after = text[at + number.length] ?? '';
      if (number === '' || /[\w.]/.test(after)) {
        throw notNumber(/[\w.]+/y, text, at, position);
      }
      tokens.push({ kind: decimal === undefined ? 'integer' : 'float', text: number, position });
      at += number.length;
    } else if (symbols.includes(first)) {
      tokens.push({ kind: 'symbol', text: first, position });
      at += 1;
    } else {
      throw unknownCharacter(text, at, position);
    }
  }
}

function notNumber(pattern: RegExp, text: string, at: number, position: Position): SyntaxFault {
  pattern.lastIndex = at;
  const written = pattern.exec(text)?.[0] ?? '';
  const octal = /^0\d+$/.test(written);
  return new SyntaxFault(
    position,
    `${written} is not a number`,
    octal
      ? 'a number that begins with 0 is octal: leave out the 0'
      : 'write a text in quotes and a number in digits',
  );
}

function unknownCharacter(text: string, at: number, position: Position): SyntaxFault {
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
  const shown = JSON.stringify(character);
  if (character === '\uFEFF') {
    const fix = 'save the file as UTF-8 without a byte order mark';
    return new SyntaxFault(position, 'the file begins with a byte order mark, which Triton cannot read', fix);
  }
  if (/["'“”‘’„«»]/.test(character)) {
    return new SyntaxFault(position, `${shown} is not a quote here`, 'write straight quotes: "..."');
  }
  const isComment = text.startsWith('//', at) || text.startsWith('/*', at);
  return new SyntaxFault(
    position,
    `${shown} is not allowed here`,
    isComment ? 'a comment begins with #' : 'take it out, or put the text into quotes',
  );
}

/** Returns a function that converts offsets to positions. */
function positions(text: string): (offset: number) => Position {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) {
    starts.push(at + 1);
  }
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}
