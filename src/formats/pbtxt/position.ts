/** A place in a text file, as editors count: both from 1, columns in UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** What is wrong at one place of a text. */
export interface Fault {
  readonly position: Position;
  readonly what: string;
  /** What to do about it. */
  readonly fix: string;
}

/** A text that cannot be read further than this fault. */
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
