import { type Position, SyntaxFault } from './position.ts';
import { scan, type Token } from './scan.ts';
import type { Field, ListValue, MessageValue, ScalarValue, Value } from './value.ts';

/** Maximum nesting: deeper than any message of Triton, far below the stack limit. */
const deepest = 64;

/**
 * Parses a file in protobuf's text format into its fields.
 *
 * Source: https://protobuf.dev/reference/protobuf/textformat-spec/; where the specification leaves a choice, this
 * parser does what the C++ library does, which Triton uses.
 *
 * @throws {SyntaxFault} at the first word that cannot be parsed.
 */
export function parseTextFormat(text: string): MessageValue {
  return new Parser(scan(text)).file();
}

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  file(): MessageValue {
    const { position } = this.#peek();
    return { kind: 'message', fields: this.#fields(''), position };
  }

  #fields(close: string): Field[] {
    const fields: Field[] = [];
    while (this.#peek().kind !== 'end' && !this.#at(close)) {
      fields.push(this.#field(close));
      if (this.#at(',') || this.#at(';')) {
        this.#take();
      }
    }
    return fields;
  }

  #field(close: string): Field {
    const name = this.#peek();
    if (name.kind !== 'identifier') {
      const where = close === '' ? 'a field' : `a field or "${close}"`;
      throw this.#fault(`${where} is expected here, not ${shown(name)}`, adviceFor(name));
    }
    this.#take();
    const hasColon = this.#at(':');
    if (hasColon) {
      this.#take();
    }
    const value = this.#value(name.text, hasColon);
    return { name: name.text, hasColon, value, position: name.position };
  }

  #value(name: string, hasColon: boolean): Value {
    if (this.#at('[')) {
      return this.#list(name);
    }
    if (this.#at('{') || this.#at('<')) {
      return this.#message();
    }
    if (!hasColon) {
      throw this.#fault(
        `a colon is missing between ${name} and ${shown(this.#peek())}`,
        `write ${name}: and then its value`,
      );
    }
    return this.#scalar(name);
  }

  #message(): MessageValue {
    const open = this.#take();
    const close = open.text === '{' ? '}' : '>';
    this.#depth += 1;
    if (this.#depth > deepest) {
      throw new SyntaxFault(
        open.position,
        `more than ${deepest} levels of ${open.text}`,
        'close the earlier ones',
      );
    }
    const fields = this.#fields(close);
    this.#depth -= 1;
    if (!this.#at(close)) {
      const { line, column } = open.position;
      throw this.#fault(
        `the file ends before the "${open.text}" of ${line}:${column} is closed`,
        `close it with "${close}"`,
      );
    }
    this.#take();
    return { kind: 'message', fields, position: open.position };
  }

  #list(name: string): ListValue {
    const open = this.#take();
    const items: (ScalarValue | MessageValue)[] = [];
    while (!this.#at(']')) {
      if (items.length > 0) {
        this.#expectComma(name, open.position);
      }
      items.push(this.#at('{') || this.#at('<') ? this.#message() : this.#scalar(name));
    }
    this.#take();
    return { kind: 'list', items, position: open.position };
  }

  #expectComma(name: string, open: Position): void {
    if (!this.#at(',')) {
      throw this.#fault(
        `"," or "]" is expected here in the list ${name} of ${open.line}:${open.column}, not ${shown(this.#peek())}`,
        'separate the values with commas and close the list with "]"',
      );
    }
    const { position } = this.#take();
    if (this.#at(']')) {
      throw new SyntaxFault(position, `a comma after the last value of ${name}`, 'take the comma out');
    }
  }

  #scalar(name: string): ScalarValue {
    const first = this.#take();
    if (first.kind === 'string') {
      return this.#strings(first);
    }
    const isNegative = first.kind === 'symbol' && first.text === '-';
    const word = isNegative ? this.#take() : first;
    if (word.kind === 'string' || word.kind === 'symbol' || word.kind === 'end') {
      throw new SyntaxFault(
        word.position,
        `a value of ${name} is expected here, not ${shown(word)}`,
        adviceFor(word),
      );
    }
    const text = isNegative ? `-${word.text}` : word.text;
    return { kind: word.kind, text, bytes: new Uint8Array(), position: first.position };
  }

  /** Joins adjacent strings, which form one value. */
  #strings(first: Token & { kind: 'string' }): ScalarValue {
    const parts = [first];
    for (let next = this.#peek(); next.kind === 'string'; next = this.#peek()) {
      parts.push(next);
      this.#take();
    }
    const text = parts.map((part) => part.text).join(' ');
    const bytes = Buffer.concat(parts.map((part) => part.bytes));
    return { kind: 'string', text, bytes, position: first.position };
  }

  #peek(): Token {
    const token = this.#tokens[this.#next];
    if (token === undefined) {
      throw new Error('the last token is the end, and is never taken');
    }
    return token;
  }

  #take(): Token {
    const token = this.#peek();
    if (token.kind !== 'end') {
      this.#next += 1;
    }
    return token;
  }

  #at(symbol: string): boolean {
    const token = this.#peek();
    return token.kind === 'symbol' && token.text === symbol;
  }

  #fault(what: string, fix: string): SyntaxFault {
    return new SyntaxFault(this.#peek().position, what, fix);
  }
}

function shown({ kind, text }: Token): string {
  return kind === 'end' ? "the file's end" : kind === 'string' ? text : `"${text}"`;
}

function adviceFor({ kind, text }: Token): string {
  if (kind === 'string') {
    return 'a field is written name: value, its name without quotes';
  }
  return text === '}' || text === '>' || text === ']'
    ? 'take it out, or open what it closes before it'
    : 'a field is written name: value, or name { fields }';
}
