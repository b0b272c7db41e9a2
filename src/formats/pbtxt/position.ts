/** Position in a text file as editors count it: line and column start at 1, columns are UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A problem at one position of a text. */
export interface Fault {
  readonly position: Position;
  readonly what: string;
  /** Action that solves the problem. */
  readonly fix: string;
}

/** Error that stops the parser. */
export class SyntaxFault extends Error implements Fault {
  readonly position: Position;
  readonly what: string;
  readonly fix: string;

  constructor(position: Position, what: string, fix: string) {
    super(`${position.line}:${position.column}: ${what}`);
    this.position = position;
    this.what = what;
    this.fix = fix;
  }
}
